"""The hub under a path of another web application."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from zoo.core.errors import UsageError

# Each segment stands in addresses as it is, for every client: nothing to escape, no dot segments.
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\Z")
_SLASH = b"/"


def prefix_path(text: str) -> str:
    """``text`` when a hub may be served below it. Raises :class:`~zoo.core.errors.UsageError`.

    >>> prefix_path("/hf")
    '/hf'
    """
    if not _PREFIX.match(text):
        raise UsageError(f"{text!r} is no path for a hub.", "Use one like /hf")
    return text


class Beside:
    """One application of two: below ``prefix`` (such as ``/hf``) the hub, everywhere else the site.

    Beside it and not inside: what a site does to its own answers and requests (compression, which changes lengths and
    ETags; limits on bodies; its own headers) would break downloads and uploads. Give
    :func:`~registry.hub_server.create_hub_app` a ``base_url`` that ends in ``prefix``.
    Raises :class:`~zoo.core.errors.UsageError` for a prefix that is no path.
    """

    def __init__(self, site: ASGIApp, hub: ASGIApp, prefix: str) -> None:
        self.site, self._hub, self._prefix = site, hub, prefix_path(prefix)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = self._prefix.encode()
        raw = scope.get("raw_path") or str(scope.get("path", "")).encode()
        if scope["type"] != "http" or not (raw == start or raw.startswith(start + _SLASH)):
            await self.site(scope, receive, send)
            return
        if raw == start:
            raw += _SLASH
        scope = {**scope, "raw_path": raw, "root_path": scope.get("root_path", "") + self._prefix}
        await self._hub(scope, receive, send)
