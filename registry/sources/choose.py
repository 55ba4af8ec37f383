"""Which source answers: the first of those that this machine was told of."""

from zoo.core.console import say

from ..db.schema import has_catalogue, open_catalogue
from ..db.session import make_engine
from ..logins import Login, read_login
from ..server_address import ServerAddress
from ..settings import Settings
from .local import LocalSource
from .remote import RemoteSource
from .snapshot import SnapshotSource
from .source import Source


def choose_source(settings: Settings) -> Source:
    """The server of the environment or of the login, else the local catalogue, else the published rows.

    No server is asked yet, and none is replaced by another source when it does not answer. Raises
    :class:`~registry.errors.ServerAddressError`, :class:`~registry.errors.LoginError`, and
    :class:`~registry.errors.CatalogueError` for a local catalogue that does not fit this version.
    """
    login = server_login(settings)
    if login is not None:
        return RemoteSource(login.address, login.token, memory=settings.home / "answers")
    if has_catalogue(make_engine(settings.database_url)):
        return LocalSource(open_catalogue(settings, create=False))
    return SnapshotSource()


def chosen_source(settings: Settings) -> Source:
    """:func:`choose_source` for a command: says on stderr which one answers, before it is asked."""
    source = choose_source(settings)
    say(f"Asking {source.description}.")
    return source


def server_login(settings: Settings) -> Login | None:
    """The server to ask, and the token for it: the environment's, or else the stored one."""
    if settings.server_url is None:
        return read_login(settings.home)
    address = ServerAddress.parse(settings.server_url)
    if settings.server_token is not None:
        return Login(address, "environment", settings.server_token)
    stored = read_login(settings.home)
    return stored if stored is not None and stored.address == address else Login(address, None)
