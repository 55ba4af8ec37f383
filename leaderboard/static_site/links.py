"""From an address of the live site to a file of the copy, and the links between files. Pure."""

import hashlib
import os.path
import re
from collections.abc import Callable, Collection
from html import escape, unescape
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, quote, unquote, urlsplit

ATTRIBUTE = re.compile(r'\b(href|src)="(/[^"]*)"')
_STRAY = re.compile(r"[^A-Za-z0-9@._-]+")
# What a view of the board may ask for and be in the copy; orders are made by a script there.
_VIEW = {"suite", "architecture", "sparsity", "page"}
# Lists that come in pages.
_LONG = {"/models": {"q", "offset"}, "/robustness": {"shift", "offset"}}
# The one query that the list of models leads to: all of a network.
_OF_NETWORK = re.compile(r"architecture=[^\s]+")
_PAGES = ("choose", "explore", "models", "methods", "architectures", "tasks", "about", "api")


def is_kept(address: str, measured: Collection[str] = ()) -> bool:
    """Whether the copy has a file for an address: every page, of the boards those by suite, architecture and sparsity
    with their exports, and the files that pages need.

    Of the comparisons it has those that pages lead to of two ``measured`` models, whose single images are known: what
    can be said of published numbers stands on the pages of the models.

    >>> is_kept("/?suite=a@1&sparsity=0.90"), is_kept("/?sort=full"), is_kept("/status")
    (True, False, False)
    """
    parts = urlsplit(address)
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    first = parts.path.split("/")[1]
    if first == "static":
        return True
    if parts.path == "/compare" or parts.path.startswith("/api/v1/compare"):
        named = [(name, value in measured) for name, value in parse_qsl(parts.query)]
        return address == "/compare" or named == [("models", True)] * 2
    if parts.path in _LONG:
        asked = dict(parse_qsl(parts.query)).get("q")
        return names <= _LONG[parts.path] and (asked is None or _OF_NETWORK.fullmatch(asked) is not None)
    if parts.path.startswith("/api/v1/robustness"):
        return names <= {"shift"}
    if parts.path == "/" or parts.path.startswith("/api/v1/board"):
        return names <= _VIEW
    return not names and (first in _PAGES[:-1] or parts.path == "/api" or parts.path.startswith("/api/v1/models/"))


def file_of(address: str, media_type: str) -> PurePosixPath:
    """Where the answer to an address lies, relative to the copy's folder; two addresses never share a file.

    >>> str(file_of("/models/gmp/resnet50/0.90", "text/html")), str(file_of("/", "text/html"))
    ('models/gmp/resnet50/0.90/index.html', 'index.html')
    """
    parts = urlsplit(address)
    if parts.path.startswith("/static/"):
        return PurePosixPath(parts.path[1:])
    # A name from a stranger may be anything: what is no plain name gets a hash beside it.
    path = [_plain(unquote(part)) for part in parts.path.split("/") if part]
    view = _plain("-".join(value for _, value in parse_qsl(parts.query)), parts.query) if parts.query else ""
    if "html" in media_type:
        return PurePosixPath(*(path or (["board"] if view else [])), view, "index.html")
    ending = ".json" if "json" in media_type else PurePosixPath(parts.path).suffix
    name = "-".join(part for part in (path[-1].removesuffix(ending), view) if part)
    return PurePosixPath("data", *path[:-1], f"{name}{ending}")


def _plain(text: str, whole: str | None = None) -> str:
    name = _STRAY.sub("-", text)[:60]
    if whole is None and name == text and name.strip("."):
        return name
    return f"{name.strip('.')}-{hashlib.sha256((whole or text).encode()).hexdigest()[:8]}"


def relinked(html: str, page: PurePosixPath, target: Callable[[str], PurePosixPath | None]) -> str:
    """The page with its links leading from file to file; those that ``target`` has no file for lead nowhere."""

    def replaced(match: re.Match[str]) -> str:
        address, _, fragment = unescape(match[2]).partition("#")
        file = target(address)
        if file is None:
            return 'aria-disabled="true"'
        relative = os.path.relpath(file, page.parent)
        return f'{match[1]}="{escape(quote(relative) + (f"#{fragment}" if fragment else ""))}"'

    return ATTRIBUTE.sub(replaced, html)
