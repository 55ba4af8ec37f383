"""The address of a Prunarium server, and who may be told a secret there."""

from ipaddress import ip_address
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from .errors import ServerAddressError

_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "For example https://prunarium.example.org"


class ServerAddress(NamedTuple):
    """Scheme, host, port and the path that the site is served under, in one spelling."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that a person typed. Raises :class:`~registry.errors.ServerAddressError`.

        >>> str(ServerAddress.parse("HTTPS://Example.org:443/zoo/"))
        'https://example.org/zoo'
        """
        shown = text.strip()
        try:
            parts = urlsplit(shown)
            port = parts.port
        except ValueError as error:
            raise ServerAddressError(f"{shown!r} is no address of a server.", _EXAMPLE) from error
        if parts.username is not None or parts.password is not None:
            raise ServerAddressError(
                "The address of a server holds no name and no password.", "Give the token to: prunarium login URL"
            )
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or _odd(shown):
            raise ServerAddressError(f"{shown!r} is no address of a server.", _EXAMPLE)
        return cls(parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for a secret of one address to be sent to another."""
        return self.scheme, self.host, self.port

    @property
    def is_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def keeps_secrets(self) -> bool:
        """Whether nobody on the way can read what is sent."""
        return self.scheme == "https" or self.is_loopback

    def require_secrecy(self) -> None:
        """Raise :class:`~registry.errors.ServerAddressError` where everybody on the way could read a token."""
        if not self.keeps_secrets:
            raise ServerAddressError(
                f"No token is sent to {self}: over plain http everybody on the way can read it.",
                f"Use https://{self.host}{self.path}, or a tunnel to 127.0.0.1.",
            )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def _odd(text: str) -> bool:
    return any(character.isspace() or not character.isprintable() or character == "\\" for character in text)
