"""How the site is served; what it shows is in :mod:`registry.settings`."""

from dataclasses import dataclass

from .errors import SiteSettingError


@dataclass(frozen=True, kw_only=True)
class SiteSettings:
    """``host`` and ``port`` to listen on (port 0: any free one); the hub that submissions may come from.

    Submissions may come from Hugging Face, too (:func:`registry.addresses.allowed_hubs`).
    """

    host: str = "127.0.0.1"
    port: int = 8000
    hub_endpoint: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SiteSettingError(f"A port is a number from 0 to 65535, not {self.port}.", "For example --port 8000")

    @property
    def address(self) -> str:
        """What a person types into the browser on the same machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"
