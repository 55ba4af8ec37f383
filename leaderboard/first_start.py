"""The first start of a server: its first administrator, the key that signs receipts, and one link that signs in."""

from urllib.parse import urlencode

from sqlalchemy import Engine

from registry import administration
from registry.accounts import create_account
from registry.db.session import session_scope
from registry.receipts import make_key
from registry.sign_in import make_link
from zoo.core.errors import UsageError

from .settings import SiteSettings


def make_first(engine: Engine, settings: SiteSettings, name: str) -> str:
    """Make the administrator ``name`` and, where there is none yet, the key; returns the secret of the link.

    Raises :class:`~zoo.core.errors.UsageError` where the server has an administrator already.
    """
    with session_scope(engine, write=True) as session:
        if administrators := administration.administrators(session):
            raise UsageError(
                f"This server was set up before: {', '.join(administrators)} may administer it.",
                f"Leave --init out. A new link to sign in: prunarium admin user link {administrators[0]}",
            )
        create_account(session, name, "admin")
        secret = make_link(session, name)
        administration.record(session, "serve --init", "make account", name, detail={"role": "admin"})
    if settings.receipt_key is not None and not settings.receipt_key.exists():
        settings.receipt_key.parent.mkdir(parents=True, exist_ok=True)
        make_key(settings.receipt_key)
    return secret


def link_address(site_address: str, secret: str) -> str:
    """Where a link leads."""
    return f"{site_address.rstrip('/')}/sign-in/link?{urlencode({'key': secret})}"


def is_set_up(engine: Engine) -> bool:
    """Whether anybody may administer the server."""
    with session_scope(engine) as session:
        return bool(administration.administrators(session))
