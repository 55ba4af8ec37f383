"""The listening socket, taken before anything is announced."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import LeaderboardError, PortTakenError, SiteSettingError
from .settings import SiteSettings


@contextmanager
def listen(settings: SiteSettings) -> Iterator[socket.socket]:
    """A socket bound to the host and port. Raises :class:`PortTakenError`, or :class:`SiteSettingError` for a host that
    this machine does not have or a port that it may not use."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it an answer in two parts waits 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(128)
        except OSError as error:
            raise _explained(error, settings) from error
        yield listener


def _explained(error: OSError, settings: SiteSettings) -> LeaderboardError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"Port {settings.port} on {settings.host} is taken by another program.",
            f"Choose another one, for example --port {settings.port + 1 if settings.port < 65535 else 8000},"
            " or let the system choose: --port 0",
        )
    if error.errno == errno.EACCES:
        return SiteSettingError(f"Port {settings.port} needs more rights than you have.", "For example --port 8000")
    return SiteSettingError(
        f"Cannot listen on {settings.host}: {error.strerror or error}.", "For example --host 127.0.0.1"
    )
