"""Images that stay encoded (JPEG, PNG, WebP) until one of them is asked for."""

import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from jaxtyping import Int64, UInt8
from PIL import Image

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


def _ids(images: EncodedImages, labels: Int64[np.ndarray, " n"]) -> list[str]:
    return distinct_ids(images.sha256s(), labels)


def decode(data: bytes, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """An encoded image in RGB, as torchvision's loaders turn it: transparency dropped, no rotation by EXIF.

    Raises :class:`CorruptImageError` that names the file for bytes that are no whole image.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CorruptImageError(
            f"{name} is no image that can be read: {error}.",
            "Get the file again from its source; a data set with a file left out is another data set.",
        ) from error
