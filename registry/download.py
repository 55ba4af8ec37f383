"""One file over HTTP, which goes on where the last attempt ended, in this process or in an earlier one.

The hub's own client starts a file again in every process and believes every byte; here a transfer is appended to what
is there, never grows beyond the announced size, and is compared with the announced digest before anybody sees it.
"""

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
from huggingface_hub import constants

from zoo.core.files import DiskFullError

from .errors import HubError, HubUnavailableError
from .hub_client import offline, refusal, unavailable

__all__ = ["Place", "Progress", "first_bytes", "transfer"]

Progress = Callable[[int, int], None]
"""Called with the bytes that came (negative: that turned out to be useless) and the bytes newly expected."""

_ATTEMPTS = 4  # without a single new byte; a connection that is cut again and again but moves on is not given up
_PAUSE_SECONDS = 0.25  # before the second attempt, and twice as long before each one after it
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_RANGE = re.compile(r"bytes (\d+)-")


@dataclass(frozen=True)
class Place:
    """A file of a commit on a hub, and the token that is meant for this hub alone."""

    endpoint: str
    repo_id: str
    commit: str
    name: str
    token: str | None = field(repr=False)

    @property
    def url(self) -> str:
        """The address of the file's bytes."""
        return f"{self.endpoint}/{self.repo_id}/resolve/{self.commit}/{quote(self.name)}"


def transfer(place: Place, partial: Path, size_bytes: int, progress: Progress) -> None:
    """Bring ``partial`` to ``size_bytes`` by asking for what is missing of it; what it holds is not judged here.

    The token is not sent along when the hub redirects to another host. Raises
    :class:`~registry.errors.HubUnavailableError` where nothing comes any more (what came is kept),
    :class:`~registry.errors.HubError` where the hub refuses, and :class:`~zoo.core.files.DiskFullError` before the
    disk is full.
    """
    if constants.HF_HUB_OFFLINE:
        raise offline(place.endpoint)
    _require_space(partial, size_bytes - _size(partial))
    partial.touch()
    progress(_size(partial), 0)
    failures = 0
    with _client(place) as client:
        while (have := _size(partial)) < size_bytes:
            trouble = _attempt(client, place, partial, size_bytes, progress)
            failures = 0 if _size(partial) > have else failures + 1
            if failures == _ATTEMPTS:
                raise HubUnavailableError(
                    f"{place.endpoint} ended the transfer of {place.name} after {have:,} of {size_bytes:,} bytes "
                    f"({trouble}).",
                    "What came is kept: the same command goes on from there.",
                )
            if failures:
                time.sleep(_PAUSE_SECONDS * 2 ** (failures - 1))


def first_bytes(place: Place, size_bytes: int) -> bytes:
    """The first bytes of a file, fewer where it ends before; never more, whatever the hub sends.

    Raises :class:`~registry.errors.HubUnavailableError` and :class:`~registry.errors.HubError`.
    """
    if constants.HF_HUB_OFFLINE:
        raise offline(place.endpoint)
    came = bytearray()
    try:
        with (
            _client(place) as client,
            client.stream("GET", place.url, headers={"Range": f"bytes=0-{size_bytes - 1}"}) as response,
        ):
            if response.status_code not in (200, 206):
                raise _refusal(response, place)
            for chunk in response.iter_raw():
                came += chunk
                if len(came) >= size_bytes:
                    break
    except httpx.RequestError as error:
        raise unavailable(place.endpoint) from error
    return bytes(came[:size_bytes])


def _client(place: Place) -> httpx.Client:
    """The token is for this hub: the client drops it when it is redirected to another host."""
    headers = {"User-Agent": "prunarium", "Accept-Encoding": "identity"}
    if place.token:
        headers["Authorization"] = f"Bearer {place.token}"
    return httpx.Client(headers=headers, timeout=_TIMEOUT, follow_redirects=True, max_redirects=5)


def _attempt(client: httpx.Client, place: Place, partial: Path, size_bytes: int, progress: Progress) -> str:
    """Append what one response brings; returns why there was no more."""
    have = _size(partial)
    try:
        with client.stream("GET", place.url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                _restart(partial, have, progress)
                return "the range was refused"
            if response.status_code >= 500 or response.status_code in (408, 429):
                return f"status {response.status_code}"
            if response.status_code not in (200, 206):
                raise _refusal(response, place)
            if have and not _continues(response, have):
                _restart(partial, have, progress)
            _append(response, partial, size_bytes, progress)
    except httpx.RequestError as error:
        return str(error) or type(error).__name__
    return "the response ended early"


def _append(response: httpx.Response, partial: Path, size_bytes: int, progress: Progress) -> None:
    with partial.open("ab") as file:
        left = size_bytes - file.tell()
        for chunk in response.iter_raw():
            file.write(chunk[:left])
            file.flush()  # at once, so that a process that is killed has lost nothing
            progress(min(len(chunk), left), 0)
            left -= len(chunk)
            if left <= 0:
                return  # more than was announced is not even read


def _refusal(response: httpx.Response, place: Place) -> HubError:
    code, said = (response.headers.get(f"X-Error-{what}", "") for what in ("Code", "Message"))
    return refusal(response.status_code, code, said or response.reason_phrase, place.endpoint, place.repo_id)


def _continues(response: httpx.Response, have: int) -> bool:
    found = _RANGE.match(response.headers.get("Content-Range", ""))
    return response.status_code == 206 and found is not None and int(found[1]) == have


def _restart(partial: Path, have: int, progress: Progress) -> None:
    os.truncate(partial, 0)
    progress(-have, 0)


def _require_space(partial: Path, missing_bytes: int) -> None:
    free = shutil.disk_usage(partial.parent).free
    if missing_bytes > free:
        raise DiskFullError(
            f"{missing_bytes:,} bytes are to come, and {partial.parent} has room for {free:,}.",
            "Free some space, then run the same command again.",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
