"""What every answer has: security headers, an ETag, and (for pages) the layout and its navigation."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from importlib.resources import files
from typing import Final

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.sources.answers import API_HEADER, API_VERSION

from . import formats
from .catalogue import Catalogue, CatalogueCache
from .context import PageContext
from .visitors import shown_visitor

CSP: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "img-src 'self'; script-src 'self'; style-src 'self'"
)
_HEADERS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    # How `prunarium` knows that it talks to a server of its kind: registry/sources/answers.py.
    (API_HEADER.lower().encode(), API_VERSION.encode()),
)


class SecurityHeaders:
    """Adds the headers to every answer of the application inside, errors and files included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers)


class HeadAsGet:
    """Answers HEAD as GET without the body; a route of FastAPI's knows GET alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)


def catalogue_of(request: Request) -> Catalogue:
    """The catalogue as of this request."""
    cache: CatalogueCache = request.app.state.catalogue
    return cache.current()


def respond(
    request: Request, body: bytes, media_type: str, *, status: int = 200, filename: str | None = None
) -> Response:
    """``body`` with a strong ETag; 304 without a body when the client has it already. Clients ask again each time."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if status == 200 and etag in known:
        return Response(status_code=304, headers=headers)
    if filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return Response(body, status_code=status, media_type=media_type, headers=headers)


def safe_name(text: str) -> str:
    """A file name of letters, digits, dots and hyphens: an architecture's name may hold anything.

    >>> safe_name('board-a"b\\nc-90')
    'board-a-b-c-90'
    """
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text)


def render(request: Request, context: PageContext, *, status: int = 200) -> Response:
    """The page of ``context``: its template gets the context's fields and, for the layout, the name of ``visitor``."""
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    visitor = shown_visitor(request)
    html = environment().get_template(context.template).render(values, visitor=visitor)
    answer = respond(request, html.encode(), "text/html; charset=utf-8", status=status)
    # Somebody's own page is for nobody's cache but his browser's.
    answer.headers["Vary"] = "Cookie"
    if visitor is not None:
        answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@lru_cache
def environment() -> Environment:
    """Templates: everything is escaped, an unknown variable is an error."""
    made = Environment(
        loader=PackageLoader("leaderboard", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {name: getattr(formats, name) for name in formats.__all__}
    made.filters.update(filters)
    made.globals["static"] = static_address
    return made


@lru_cache
def static_address(name: str) -> str:
    """The address of a static file, with its content's hash, so that browsers may keep it for ever.

    >>> static_address("site.css").startswith("/static/site.css?v=")
    True
    """
    content = files("leaderboard").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
