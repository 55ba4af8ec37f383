"""What a user types for a model: a slug, a Hub id, or the address of a page or file of a repository."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from zoo.checkpoint.slug import is_slug
from zoo.core.errors import UsageError

__all__ = ["HUGGING_FACE", "Address", "allowed_hubs", "is_commit", "parse_address"]

HUGGING_FACE = "https://huggingface.co"

_HUB_ID = re.compile(r"(?!\.+/)[\w.-]+/(?!\.+\Z)[\w.-]+\Z", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_PAGES = ("tree", "resolve", "blob", "commit")
_HUGGING_FACE_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")


class Address(NamedTuple):
    """A slug or Hub id, the revision of it, and the hub that the text itself names; None where it names none."""

    name: str
    revision: str | None = None
    endpoint: str | None = None


def parse_address(text: str, endpoint: str | None = None) -> Address:
    """Read ``slug``, ``org/name``, ``https://host/org/name[/tree/REVISION]`` or ``hf://org/name``.

    Each may end in ``@revision``. ``endpoint`` is the hub that is set: its addresses may have a path before the
    repository. Raises :class:`~zoo.core.errors.UsageError` for anything else.

    >>> parse_address("org/name@v1")
    Address(name='org/name', revision='v1', endpoint=None)
    >>> parse_address("https://huggingface.co/org/name/tree/v1")
    Address(name='org/name', revision='v1', endpoint='https://huggingface.co')
    """
    body, at, revision = text.strip().partition("@")
    hub: str | None = None
    in_path: str | None = None
    if body.startswith("hf://"):
        body, hub = body.removeprefix("hf://").removeprefix("models/").rstrip("/"), HUGGING_FACE
    elif body.startswith(("http://", "https://")):
        hub, path = _hub_and_path(body, endpoint)
        body, in_path = _repository(path)
    named = revision or in_path
    if not (_HUB_ID.match(body) or (hub is None and is_slug(body))) or (at and not revision) or (at and in_path):
        raise UsageError(
            f"{text!r} names no model.",
            "Expected a slug (gmp/resnet50/0.90), a Hub id (org/name) or its address, with @revision or without; "
            "find one with: prunarium search",
        )
    return Address(body, named, hub)


def allowed_hubs(endpoint: str | None, more: Iterable[str] = ()) -> frozenset[str]:
    """The hubs that a server asks on behalf of strangers: the Hugging Face Hub, the one that is set, and ``more``.

    >>> sorted(allowed_hubs(None, ["https://hub.example"]))
    ['https://hub.example', 'https://huggingface.co']
    """
    return frozenset({HUGGING_FACE, endpoint or HUGGING_FACE, *more})


def is_commit(revision: str) -> bool:
    """Whether a revision is the whole hash of a commit, which always means the same files."""
    return _COMMIT.match(revision) is not None


def _hub_and_path(address: str, endpoint: str | None) -> tuple[str, str]:
    if endpoint and f"{address}/".startswith(f"{endpoint}/"):
        return endpoint, address.removeprefix(endpoint)
    parts = urlsplit(address)
    if parts.hostname in _HUGGING_FACE_HOSTS:
        return HUGGING_FACE, parts.path
    return f"{parts.scheme}://{parts.netloc}", parts.path


def _repository(path: str) -> tuple[str, str | None]:
    """``/org/name/tree/REVISION/...`` -> the Hub id and the revision; a slash within a revision is written ``%2F``."""
    parts = path.partition("?")[0].partition("#")[0].strip("/").split("/")
    if len(parts) >= 4 and parts[2] in _PAGES:
        return "/".join(parts[:2]), unquote(parts[3])
    return "/".join(parts), None
