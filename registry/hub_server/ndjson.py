"""The commit body, line by line: a header, then one operation per line.

Nothing but the line at hand is in memory, and a line may hold one inline file at most.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import BadRequestError, TooLargeError
from .names import file_path, folder_path, is_commit, is_sha256
from .parsing import json_object_from, text_field
from .records import Limits

_LINE_EXTRA_BYTES = 16 * 2**10  # keys, path and quotes around an inline file


@dataclass(frozen=True)
class Header:
    """What the commit says of itself."""

    summary: str
    description: str
    parent: str | None


@dataclass(frozen=True)
class Inline:
    """A regular file with its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True)
class Large:
    """A large file that was uploaded before."""

    path: str
    sha256: str


@dataclass(frozen=True)
class DeleteFile:
    """Remove one file."""

    path: str


@dataclass(frozen=True)
class DeleteFolder:
    """Remove everything under a folder; ``""`` is the root."""

    path: str


Operation = Inline | Large | DeleteFile | DeleteFolder


async def lines(chunks: AsyncIterator[bytes], limits: Limits) -> AsyncIterator[bytes]:
    """Lines without their ends; raises :class:`TooLargeError` for a line or a body beyond the limits."""
    longest = limits.inline_bytes * 4 // 3 + _LINE_EXTRA_BYTES
    rest, total = bytearray(), 0
    async for chunk in chunks:
        total += len(chunk)
        if total > limits.commit_bytes:
            raise TooLargeError(f"A commit may have {limits.commit_bytes} bytes.", "Split it into several commits.")
        *complete, last = chunk.split(b"\n")
        for part in complete:
            rest += part
            _check_line(rest, longest)
            if rest.strip():
                yield bytes(rest)
            rest = bytearray()
        rest += last
        _check_line(rest, longest)
    if rest.strip():
        yield bytes(rest)


def parse_header(line: bytes) -> Header:
    """The first line; raises :class:`BadRequestError`."""
    key, value = _pair(line)
    if key != "header":
        raise BadRequestError("The first line of a commit must be its header.")
    parent = value.get("parentCommit")
    if parent is not None and not (isinstance(parent, str) and is_commit(parent)):
        raise BadRequestError("parentCommit must be 40 hex digits.")
    summary = text_field(value, "summary", most=1000).replace("\n", " ").strip()
    if not summary:
        raise BadRequestError("A commit needs a summary.")
    return Header(summary, text_field(value, "description", default="", most=65_536), parent)


def parse_operation(line: bytes, limits: Limits) -> Operation:
    """Any further line; raises :class:`BadRequestError` or :class:`TooLargeError`."""
    key, value = _pair(line)
    path = text_field(value, "path", most=4096)
    if key == "file":
        return Inline(file_path(path), _content(value, limits.inline_bytes))
    if key == "lfsFile":
        oid = text_field(value, "oid", most=64)
        if value.get("algo", "sha256") != "sha256" or not is_sha256(oid):
            raise BadRequestError("A large file is named by its sha256, 64 lower-case hex digits.")
        return Large(file_path(path), oid)
    if key == "deletedFile":
        return DeleteFile(file_path(path))
    if key == "deletedFolder":
        return DeleteFolder(folder_path(path))
    raise BadRequestError(f"A commit has no operation {key[:40]!a}.")


def _pair(line: bytes) -> tuple[str, Mapping[str, Any]]:
    entry = json_object_from(line)
    key, value = entry.get("key"), entry.get("value")
    if not isinstance(key, str) or not isinstance(value, dict):
        raise BadRequestError('Every line of a commit is {"key": …, "value": {…}}.')
    return key, value


def _content(value: Mapping[str, Any], limit: int) -> bytes:
    content, encoding = value.get("content"), value.get("encoding", "utf-8")
    if not isinstance(content, str) or encoding not in ("base64", "utf-8"):
        raise BadRequestError("A file in a commit needs its content as base64 or utf-8 text.")
    try:
        data = base64.b64decode(content, validate=True) if encoding == "base64" else content.encode()
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"The content of a file is not valid {encoding}.") from error
    if len(data) > limit:
        raise TooLargeError(f"A file inside a commit may have {limit} bytes.", "Upload it as a large file.")
    return data


def _check_line(line: bytearray, longest: int) -> None:
    if len(line) > longest:
        raise TooLargeError(f"A line of a commit may have {longest} bytes.", "Upload it as a large file.")
