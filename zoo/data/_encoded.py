"""Images that stay encoded (JPEG, PNG, WebP) until one of them is asked for."""

import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import numpy as np
from jaxtyping import Int64, UInt8
from PIL import Image, UnidentifiedImageError

from ..core.files import atomic_file
from ..core.home import cache_folder
from ..core.progress import track
from ..errors import CorruptImageError
from ._images import LazyIds, Split, distinct_ids

HASHING_THREADS = 8
HASHING_AT_A_TIME = 1024


class EncodedImages(ABC):
    """Encoded images by position: reading one reads no other, so that any order costs the same.

    Implementations can be sent to worker processes and read by several of them at once.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name(self, index: int) -> str:
        """Where an image is, for messages: a file, or a row or member of one."""

    @abstractmethod
    def read(self, index: int) -> bytes:
        """The bytes of one image as stored; raises OSError or :class:`CorruptImageError`."""

    @abstractmethod
    def state(self) -> str:
        """A text that is another one when an image may be another one, known without reading any (size and time)."""

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w 3"]:
        """The image in RGB; raises :class:`CorruptImageError` that names the file."""
        return decode(self._read(index), self.name(index))

    def sha256s(self) -> Iterator[str]:
        """The SHA-256 of the bytes of every image, in order: what their permanent ids are made of."""
        with ThreadPoolExecutor(HASHING_THREADS) as threads:
            for start in track(range(0, len(self), HASHING_AT_A_TIME), "Hashing images"):
                yield from threads.map(self._sha256, range(start, min(start + HASHING_AT_A_TIME, len(self))))

    def _sha256(self, index: int) -> str:
        return hashlib.sha256(self._read(index)).hexdigest()

    def _read(self, index: int) -> bytes:
        try:
            return self.read(index)
        except OSError as error:
            raise CorruptImageError(f"{self.name(index)} cannot be read: {error.strerror or error}.") from error


def encoded_split(images: EncodedImages, labels: Int64[np.ndarray, " n"]) -> Split:
    """A split of encoded images whose ids are the hashes of their bytes."""
    return Split(images, labels, LazyIds(len(images), partial(_ids, images, labels)))


_every_byte = ContextVar("every byte", default=False)


@contextmanager
def every_byte_read() -> Iterator[None]:
    """Inside the block hashes are worked out from the images even where none has changed its size or time."""
    token = _every_byte.set(True)
    try:
        yield
    finally:
        _every_byte.reset(token)


def _ids(images: EncodedImages, labels: Int64[np.ndarray, " n"]) -> list[str]:
    return distinct_ids(_hashes(images), labels)


def _hashes(images: EncodedImages) -> list[str]:
    """The hashes of the images, kept from one process to the next while the images' state is the same."""
    kept = cache_folder("ids") / f"{hashlib.sha256(images.state().encode()).hexdigest()}.npy"
    if kept.exists() and not _every_byte.get():
        return [row.tobytes().hex() for row in np.load(kept)]
    found = list(images.sha256s())
    with atomic_file(kept) as temporary, temporary.open("wb") as file:
        np.save(file, np.frombuffer(bytes.fromhex("".join(found)), dtype=np.uint8).reshape(len(found), 32))
    return found


def _complaint(error: Exception) -> str:
    # Pillow names the object in memory that the bytes lie in.
    return "its format is unknown" if isinstance(error, UnidentifiedImageError) else str(error)


def decode(data: bytes, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """An encoded image in RGB, as torchvision's loaders turn it: transparency dropped, no rotation by EXIF.

    Raises :class:`CorruptImageError` that names the file for bytes that are no whole image.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CorruptImageError(
            f"{name} is no image that can be read: {_complaint(error)}.",
            "Get the file again from its source; a data set with a file left out is another data set.",
        ) from error
