"""How the site is served; what it shows is in :mod:`registry.settings`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from registry.addresses import allowed_hubs
from registry.quota_rules import Allowance
from registry.server_address import ServerAddress

from .errors import SiteSettingError
from .providers import Provider


@dataclass(frozen=True, kw_only=True)
class SiteSettings:
    """``host`` and ``port`` to listen on (port 0: any free one); the hub that submissions may come from.

    Submissions may come from Hugging Face and ``more_hubs``, too. Below ``hub_prefix`` the
    embedded hub answers (:mod:`leaderboard.beside`); ``base_url`` is how browsers and clients reach the site, where
    that is not the host and the port: with https, cookies travel over https only. ``receipt_key`` is the file of the
    key that receipts are signed with, ``blobs`` the store of the predictions that they name. ``providers`` are those
    that people may sign in with, by name. ``quota`` is what an account may spend of evaluation; None: no limit.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hub_endpoint: str | None = None
    hub_prefix: str | None = None
    base_url: str | None = None
    receipt_key: Path | None = None
    blobs: str | None = None
    providers: Mapping[str, Provider] = field(default_factory=dict)
    more_hubs: tuple[str, ...] = ()
    quota: Allowance | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SiteSettingError(f"A port is a number from 0 to 65535, not {self.port}.", "For example --port 8000")
        if self.base_url is not None:
            ServerAddress.parse(self.base_url)  # raises, with an example

    @property
    def address(self) -> str:
        """What a person types into the browser on the same machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def site_address(self) -> str:
        """How browsers reach the site, without a slash at the end."""
        return (self.base_url or self.address).rstrip("/")

    @property
    def hubs(self) -> frozenset[str]:
        """The hubs whose models may be submitted here."""
        return allowed_hubs(self.hub_endpoint, self.more_hubs)
