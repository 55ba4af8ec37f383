"""Which names may exist: accounts, repositories, paths, branches and tags.

Nothing here touches a disk: names live in rows only. The rules keep them unambiguous in addresses, in clients' caches
(which do become paths, on the user's disk) and in git.
"""

import re
from urllib.parse import unquote_to_bytes

from .errors import BadRequestError

KINDS = ("models", "datasets")
MAX_PATH_BYTES = 1024
MAX_REF_BYTES = 200
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_NOT_IN_REFS = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
# fmt: off
_RESERVED = frozenset({
    "admin", "api", "datasets", "docs", "favicon.ico", "git", "healthz", "jobs", "join", "kernels", "login", "logout",
    "metrics", "models", "new", "none", "null", "openapi.json", "organizations", "robots.txt", "settings", "spaces",
    "static", "tasks", "user", "users", "web", "_lfs", "_xet",
})
# fmt: on


def unquoted(raw: str) -> str:
    """A percent-encoded path segment as text; raises :class:`BadRequestError` when it is not UTF-8 or has a NUL."""
    try:
        text = unquote_to_bytes(raw.encode("latin-1")).decode()
    except UnicodeError as error:
        raise BadRequestError("The address is not valid UTF-8.") from error
    if "\0" in text:  # which PostgreSQL's texts cannot hold
        raise BadRequestError("The address must not hold a NUL.")
    return text


def account_name(name: str) -> str:
    """``name`` when an account, and so a namespace, may have it."""
    if not _is_name(name) or name.lower() in _RESERVED:
        raise BadRequestError(f"{_shown(name)} cannot be the name of an account.", "Use letters, digits, '-', '_', '.'")
    return name


def repository_name(name: str) -> str:
    """``name`` when a repository may have it within its namespace."""
    if not _is_name(name) or name.lower().endswith((".git", ".ipynb")):
        raise BadRequestError(
            f"{_shown(name)} cannot be the name of a repository.", "Use letters, digits, '-', '_', '.'"
        )
    return name


def file_path(path: str) -> str:
    """``path`` when a file may have it: relative, normalised, printable, at most 1,024 bytes."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError as error:
        raise BadRequestError("A path is not valid UTF-8.") from error
    segments = path.split("/")
    if not 0 < size <= MAX_PATH_BYTES or "\\" in path or _has_control(path):
        raise BadRequestError(f"{_shown(path)} cannot be a path in a repository.")
    if any(segment in ("", ".", "..") or segment.lower() == ".git" for segment in segments):
        raise BadRequestError(f"{_shown(path)} cannot be a path in a repository.")
    return path


def folder_path(path: str) -> str:
    """A folder's path without the slash at its end; ``""`` is the root."""
    path = path.removesuffix("/")
    return file_path(path) if path else ""


def short_ref(name: str) -> str:
    """``name`` when a branch or a tag may have it: git's rules, no full ``refs/…`` name, nothing like a commit."""
    if not _is_ref(name) or name.startswith("refs/") or name == "HEAD" or is_commit(name.lower()):
        raise BadRequestError(f"Invalid reference for a branch or a tag: {_shown(name)}.")
    return name


def is_commit(text: str) -> bool:
    """True for 40 lower-case hex digits."""
    return _COMMIT.match(text) is not None


def is_sha256(text: str) -> bool:
    """True for 64 lower-case hex digits."""
    return _SHA256.match(text) is not None


def _is_name(name: str) -> bool:
    return _NAME.match(name) is not None and "--" not in name and ".." not in name


def _is_ref(name: str) -> bool:
    if not 0 < len(name) <= MAX_REF_BYTES or not name.isascii() or _NOT_IN_REFS.search(name) or name == "@":
        return False
    if name.endswith(("/", ".")) or name.startswith(("/", "-")):
        return False
    return all(part and not part.startswith(".") and not part.endswith(".lock") for part in name.split("/"))


def _has_control(text: str) -> bool:
    return any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text)


def _shown(name: str) -> str:
    return ascii(name[:100])
