"""One commit's files in the hub client's cache, each compared with the digest that the hub names it by.

The client of the hub compares sizes only. Here a file is in the cache when its bytes are right, and not before; a
damaged one is removed and fetched once more.
"""

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from zoo.checkpoint.errors import TensorFileError
from zoo.checkpoint.safetensors_file import MAX_FILE_BYTES, Header, header_length, parse_header
from zoo.checkpoint.sparse import unpack
from zoo.checkpoint.weights import SPARSE_WEIGHTS, WEIGHTS
from zoo.core.errors import PrunariumError
from zoo.core.files import disk_errors

from .download import Place, Progress, first_bytes, transfer
from .errors import CorruptDownloadError, NotOnHubError, TooLargeError
from .hub_cache import CachedCommit
from .hub_client import RemoteFile, client, files_of, hub_errors, matches
from .resolve import Pin

__all__ = ["Fetcher"]

_MAX_TEXT_BYTES = 4 * 2**20
_MAX_PREDICTIONS_BYTES = 512 * 2**20
_HEADER_BYTES = 64 * 2**10  # holds the header of most networks, so that one request does
_DIGEST = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_SHA256_DIGITS = 64


class Fetcher:
    """Gets the files of one :class:`~registry.resolve.Pin`.

    ``fetched`` says whether one had to come from the hub, ``repaired`` names those that were damaged in the cache.
    """

    def __init__(self, pin: Pin, cache: Path | None = None, progress: Progress = lambda _done, _more: None) -> None:
        self.pin = pin
        self.fetched = False
        self.repaired: list[str] = []
        self._cached = CachedCommit(cache, pin.repo_id, pin.commit)
        self._progress = progress
        with disk_errors(self._cached.root):
            self._files = self._listing()

    def holds(self, name: str) -> bool:
        """Whether the commit has such a file."""
        return name in self._files

    def cached(self, name: str) -> bool:
        """Whether the cache has the commit's file of this name, intact or not."""
        return self.holds(name) and self._cached.find(name) is not None

    def expect(self, names: Iterable[str]) -> None:
        """Tell the progress how many bytes are not here yet."""
        wanted = (self._files[name] for name in names if self._cached.find(name) is None)
        self._progress(0, sum(file.size_bytes for file in wanted if not self._cached.blob(file.digest).is_file()))

    def get(self, name: str) -> Path:
        """The verified file in the cache.

        Raises :class:`~registry.errors.CorruptDownloadError` where the bytes are wrong twice,
        :class:`~registry.errors.HubError` where the hub refuses, fails or has no such file, and
        :class:`~zoo.core.files.DiskFullError`.
        """
        if name not in self._files:
            raise NotOnHubError(f"{self.pin.repo_id}@{self.pin.commit} on {self.pin.endpoint} has no file {name}.")
        with disk_errors(self._cached.root):
            path = self._cached.find(name)
            if path is not None and self._intact(name, path):
                return path
            file = self._files[name]
            self.refuse_oversized(name)
            self._refuse_stuck(path)
            with self._cached.lock(file.digest):
                if path is not None and not self._intact(name, path):
                    self._cached.remove(name)
                    self.repaired.append(name)
                    self._progress(0, file.size_bytes)
                blob = self._cached.blob(file.digest)
                if not (blob.is_file() and self._intact(name, blob)):
                    self._bring(name, file, blob)
                return self._cached.show(name, file.digest)

    @property
    def names(self) -> tuple[str, ...]:
        """Every file of the commit."""
        return tuple(self._files)

    @property
    def folder(self) -> Path:
        """Where the files of the commit lie as they come."""
        return self._cached.snapshot

    def header(self, name: str) -> Header:
        """The header of a safetensors file, judged before the data behind it are fetched; not verified yet.

        Raises :class:`~zoo.checkpoint.errors.TensorFileError` for a malformed one, and as :meth:`get`.
        """
        self.refuse_oversized(name)
        size_bytes = self._files[name].size_bytes
        start = first_bytes(self._place(name), min(_HEADER_BYTES, size_bytes))
        length = header_length(start, size_bytes, name)
        if 8 + length > len(start):
            start = first_bytes(self._place(name), 8 + length)
        return parse_header(start[8 : 8 + length], size_bytes - 8 - length, name)

    def unpack(self) -> Path | None:
        """The dense file, made of the cached sparse one; None unless it is byte for byte the one on the hub."""
        sparse, file = self._cached.find(SPARSE_WEIGHTS), self._files.get(WEIGHTS)
        if sparse is None or file is None or not self._intact(SPARSE_WEIGHTS, sparse):
            return None
        if (known := self._cached.find(WEIGHTS)) is not None and self._intact(WEIGHTS, known):
            return known
        with disk_errors(self._cached.root), self._cached.lock(file.digest):
            partial = self._cached.partial(f"{file.digest}.unpacked")
            try:
                unpack(sparse, partial)
            except TensorFileError:
                return None
            if not self._intact(WEIGHTS, partial):
                partial.unlink()
                return None
            partial.replace(self._cached.blob(file.digest))
            return self._cached.show(WEIGHTS, file.digest)

    def _bring(self, name: str, file: RemoteFile, blob: Path) -> None:
        """Fetch a blob; bytes that turn out to be wrong are thrown away, and all of them are fetched once more."""
        pin, place = self.pin, self._place(name)
        partial = self._cached.partial(file.digest)
        self.fetched = True
        for _ in range(2):
            try:
                transfer(place, partial, file.size_bytes, self._progress)
            except OSError:
                partial.unlink(missing_ok=True)  # no space, most likely: what is half there would only take more of it
                raise
            if self._intact(name, partial):
                partial.replace(blob)
                return
            partial.unlink()
            self._progress(-file.size_bytes, 0)
        raise CorruptDownloadError(
            f"{name} of {pin.repo_id}@{pin.commit} was damaged twice: its bytes do not hash to what was promised.",
            "Try again later; if it stays so, the hub's copy is damaged.",
        )

    def _place(self, name: str) -> Place:
        pin = self.pin
        return Place(pin.endpoint, pin.repo_id, pin.commit, name, pin.token)

    def _intact(self, name: str, path: Path) -> bool:
        digest = self._files[name].digest
        return all(matches(path, one) for one in {digest, self.pin.files.get(name, digest)})

    def _listing(self) -> Mapping[str, RemoteFile]:
        """What the hub says of the commit's files, asked once for ever; it may not contradict the catalogue."""
        pin = self.pin
        files = self._cached.listing(pin.endpoint)
        if files is None:
            with hub_errors(pin.endpoint, pin.repo_id):
                info = client(pin.endpoint, pin.token).model_info(pin.repo_id, revision=pin.commit, files_metadata=True)
            files = {name: file for name, file in files_of(info).items() if _DIGEST.match(file.digest)}
            with suppress(OSError, PrunariumError):  # a cache that may not be written can still be read
                self._cached.remember(pin.endpoint, files)
        for name, promised in pin.files.items():
            digest = files[name].digest if name in files else ""
            if len(digest) == _SHA256_DIGITS and digest != promised:
                raise CorruptDownloadError(
                    f"{pin.endpoint} holds another {name} for {pin.repo_id}@{pin.commit} than the catalogue promises: "
                    f"SHA-256 {digest}, not {promised}.",
                    "Do not use it; tell its publisher.",
                )
        return files

    def _refuse_stuck(self, damaged: Path | None) -> None:
        if damaged is not None and not os.access(damaged.parent, os.W_OK):
            raise CorruptDownloadError(
                f"{damaged} is damaged, and the cache may not be written, so it cannot be fetched again.",
                f"Make {self._cached.root} writable, or choose another cache: HF_HUB_CACHE=FOLDER",
            )

    def refuse_oversized(self, name: str) -> None:
        """Raise :class:`~registry.errors.TooLargeError` for a file that is larger than is fetched."""
        size_bytes = self._files[name].size_bytes
        limit = MAX_FILE_BYTES if name in (WEIGHTS, SPARSE_WEIGHTS) else _MAX_TEXT_BYTES
        if name.endswith(".parquet"):
            limit = _MAX_PREDICTIONS_BYTES
        if size_bytes > limit:
            where = f"{self.pin.repo_id}@{self.pin.commit}"
            raise TooLargeError(f"{name} of {where} has {size_bytes:,} bytes; at most {limit:,} are fetched.")
