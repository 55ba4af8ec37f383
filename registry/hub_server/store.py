"""Bytes on disk, by their SHA-256; nothing a client says ever becomes part of a path.

```
STORE/blobs/ab/ab12…        one file, never changed; may be shared by any number of repositories
STORE/incoming/             what is being received; a killed server leaves rests here and nowhere else
STORE/parts/…               parts of multipart uploads
STORE/xorbs/…               Xet upload containers
STORE/lock                  shared by whoever brings a blob, alone for whoever removes one
STORE/collecting.lock       shared by whoever needs all blobs (a backup), alone for garbage collection
```
A blob is written to ``incoming``, checked, flushed to disk and renamed; only then may a row speak of it. Bringing one
that is there already makes its file young: only old files are ever removed.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

from zoo.core.files import disk_errors

from .errors import BadRequestError, TooLargeError
from .locks import file_lock
from .names import is_sha256

REST_SECONDS = 24 * 3600


class Spool:
    """A file that is being received: counts, hashes and stops at ``limit`` bytes."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append; raises :class:`TooLargeError` before a byte beyond the limit is written."""
        self.size += len(data)
        if self.size > self._limit:
            raise TooLargeError(f"The content is longer than {self._limit} bytes.")
        self._digest.update(data)
        self._file.write(data)

    @property
    def sha256(self) -> str:
        """64 hex digits of what was written so far."""
        return self._digest.hexdigest()

    @property
    def path(self) -> Path:
        """Where the bytes are for now."""
        return Path(self._file.name)

    def flush(self) -> None:
        """Make what was written readable through :attr:`path`."""
        self._file.flush()

    def keep(self, target: Path) -> None:
        """Flush to disk and rename to ``target``, replacing whatever is there."""
        self.flush()
        os.fsync(self._file.fileno())
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o444)
        self.path.replace(target)
        _sync_folder(target.parent)


class BlobStore:
    """The folder of all bytes; several processes may share it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"
        with disk_errors(root):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)  # private repositories are in it
            self._incoming.mkdir(exist_ok=True)
        # Another live process may be writing the younger ones.
        self.sweep(time.time() - REST_SECONDS)

    def path(self, sha256: str) -> Path:
        """Where the blob is or would be; raises :class:`BadRequestError` for anything but 64 hex digits."""
        if not is_sha256(sha256):
            raise BadRequestError("An object id is 64 lower-case hex digits.")
        return self.root / "blobs" / sha256[:2] / sha256

    def size(self, sha256: str) -> int | None:
        """Bytes of a blob; None when it is not there."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, sha256: str, limit: int) -> bytes:
        """At most ``limit`` bytes of a blob."""
        with self.path(sha256).open("rb") as file:
            return file.read(limit)

    @contextmanager
    def spool(self, limit: int) -> Iterator[Spool]:
        """A new incoming file; removed at the end unless it was kept."""
        with disk_errors(self.root), tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as file:
            try:
                yield Spool(file, limit)
            finally:
                Path(file.name).unlink(missing_ok=True)

    def keep(self, spool: Spool, sha256: str, size: int) -> None:
        """Make a received file a blob; raises :class:`BadRequestError` unless it is exactly what was announced.

        An existing blob is replaced by the same bytes: a damaged one is healed by uploading it again.
        """
        if spool.size != size:
            raise BadRequestError(f"Announced were {size} bytes, received {spool.size}.")
        if spool.sha256 != sha256:
            raise BadRequestError(f"The content has SHA-256 {spool.sha256}, announced was {sha256}.")
        with self._bringing():
            spool.keep(self.path(sha256))

    def put(self, content: bytes) -> str:
        """Store a small file and return its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._renew(sha256, len(content)):
            with self.spool(len(content)) as spool:
                spool.write(content)
                self.keep(spool, sha256, len(content))
        return sha256

    def stored(self) -> Iterator[tuple[str, os.stat_result]]:
        """Every blob by its SHA-256, in no order; those that come or go meanwhile may be missed."""
        folder = self.root / "blobs"
        for group in sorted(folder.iterdir()) if folder.exists() else ():
            for file in group.iterdir():
                with suppress(FileNotFoundError):
                    yield file.name, file.stat()

    def remove_if_old(self, sha256: str, before: float) -> int:
        """Delete a blob that was last brought before then (seconds since 1970); its bytes, 0 when it stays."""
        path = self.path(sha256)
        with file_lock(self.root / "lock", exclusive=True):
            try:
                found = path.stat()
            except FileNotFoundError:
                return 0
            if found.st_mtime >= before:
                return 0
            path.unlink()
        return found.st_size

    def collecting(self, *, exclusive: bool) -> AbstractContextManager[None]:
        """Held alone by garbage collection; who shares it finds every blob that some row speaks of."""
        return file_lock(self.root / "collecting.lock", exclusive=exclusive)

    def sweep(self, before: float) -> int:
        """Remove what killed processes left in ``incoming`` before then (seconds since 1970); how many files."""
        count = 0
        for rest in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps too
                if rest.stat().st_mtime < before:
                    rest.unlink()
                    count += 1
        return count

    def _bringing(self) -> AbstractContextManager[None]:
        return file_lock(self.root / "lock", exclusive=False)

    def _renew(self, sha256: str, size: int) -> bool:
        """Make a whole blob young; False when it is missing or damaged."""
        with self._bringing():
            if self.size(sha256) != size:
                return False
            os.utime(self.path(sha256))
            return True


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut; the bytes do already."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
