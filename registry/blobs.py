"""Bytes by their SHA-256, on any file system that fsspec speaks (a folder, S3).

Layout: ``<root>/ab/cd/abcd…``. A blob appears whole or not at all, never changes, and is verified whenever it is read.
"""

import errno
import hashlib
import re
import uuid
from typing import Any

import fsspec

from zoo.core.files import DiskFullError

from .errors import BlobCorruptError, BlobError, BlobMissingError

_ADDRESS = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Blobs under ``url``, such as ``file:///srv/blobs`` or ``s3://bucket/blobs``; made when the first one is put."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            filesystem, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise BlobError(f"The blob store {url} cannot be used: {error}.", "Set PRUNARIUM_BLOBS.") from error
        self._files: Any = filesystem
        self._root = str(root).rstrip("/")

    def put(self, data: bytes) -> str:
        """Store ``data``; returns its address, 64 hex digits. Storing it again changes nothing.

        Raises :class:`~zoo.core.files.DiskFullError` (nothing is left behind) or :class:`BlobError`.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        # A file of another size is what an older crash of this machine left: it is written again.
        if self._files.exists(path) and self._files.size(path) == len(data):
            return sha256
        # Object stores show a file when it is complete; on others a finished file is moved into place.
        temporary = f"{path}.{uuid.uuid4().hex}.part"
        try:
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(temporary, data)
            self._files.mv(temporary, path)
        except OSError as error:
            self._remove(temporary)
            raise _write_error(self.url, error) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes at an address. Raises :class:`BlobMissingError` or :class:`BlobCorruptError`."""
        try:
            data: bytes = self._files.cat_file(self.path(sha256))
        except FileNotFoundError as error:
            raise BlobMissingError(f"The blob store {self.url} has no blob {sha256}.") from error
        except OSError as error:
            raise BlobError(f"The blob {sha256} of {self.url} cannot be read: {error}.") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BlobCorruptError(
                f"The blob {sha256} of {self.url} is damaged: its bytes have another hash.",
                "Restore it from a backup, or delete it and run its job again.",
            )
        return data

    def exists(self, sha256: str) -> bool:
        """Whether there is a file at an address (its bytes are verified by :meth:`get` only)."""
        return bool(self._files.exists(self.path(sha256)))

    def path(self, sha256: str) -> str:
        """Where a blob lies in its file system. Raises :class:`BlobError` for anything that is no address."""
        if not _ADDRESS.fullmatch(sha256):
            raise BlobError(f"{sha256!r} is no blob address: expected 64 hex digits.")
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _remove(self, path: str) -> None:
        try:
            self._files.rm_file(path)
        except OSError:
            return  # it was never made, or the store is gone: there is nothing more to do for it


def _write_error(url: str, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError(
            f"No space left while writing to the blob store {url}.", "Free some space, then try again."
        )
    return BlobError(
        f"The blob store {url} cannot be written: {error.strerror or error}.",
        "Check its rights, or set PRUNARIUM_BLOBS.",
    )
