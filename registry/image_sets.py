"""Which images a network got right, a bit an image: rows of the catalogue alone tell where two networks disagree.

The images of a set are kept once, by the hash of what they are; each evaluation of them is a row of bits.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zoo.core.canonical import canonical_json

_LEVEL = 6


@dataclass(frozen=True)
class ImageSet:
    """The images of a test set in order of their ids; ``labels`` are class numbers, ``names`` those of the classes.

    ``names`` is None where nobody knows them.
    """

    ids: tuple[str, ...]
    labels: tuple[int, ...]
    names: tuple[str, ...] | None = None

    @cached_property
    def _document(self) -> bytes:
        return canonical_json({"ids": self.ids, "labels": self.labels, "names": self.names})

    @cached_property
    def sha256(self) -> str:
        """64 hex digits over ids, labels and names."""
        return hashlib.sha256(self._document).hexdigest()

    def packed(self) -> bytes:
        """As the catalogue keeps it: canonical JSON, deflated."""
        return zlib.compress(self._document, _LEVEL)

    @classmethod
    def unpacked(cls, content: bytes) -> "ImageSet":
        """The inverse of :meth:`packed`."""
        found = json.loads(zlib.decompress(content))
        names = found["names"]
        return cls(tuple(found["ids"]), tuple(found["labels"]), None if names is None else tuple(names))


@dataclass(frozen=True)
class Answers:
    """One evaluation: ``correct`` has a bit an image of ``images``, the first in the highest bit of the first byte."""

    images: ImageSet
    correct: bytes


def pack_bits(correct: npt.ArrayLike) -> bytes:
    """A truth value an image, eight in a byte.

    >>> pack_bits([True, False, True]).hex()
    'a0'
    """
    return np.packbits(np.asarray(correct, dtype=np.bool_)).tobytes()


def unpack_bits(rows: Sequence[bytes], n: int) -> npt.NDArray[np.bool_]:
    """Several evaluations of the same ``n`` images, of shape (evaluations, n).

    >>> unpack_bits([b"\\xa0"], 3).tolist()
    [[True, False, True]]
    """
    packed = np.stack([np.frombuffer(row, dtype=np.uint8) for row in rows])
    return np.unpackbits(packed, axis=1, count=n).astype(np.bool_)
