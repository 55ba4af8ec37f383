"""One tensor as bytes and their description, in the smallest of the layouts that fit it.

``all``   every element is stored                           planes of the values
``gaps``  elements whose bits are not all zero are stored   planes of the gaps, then planes of the values
``bits``  likewise                                          the bitmask, then planes of the values

Elements are judged and stored as bits, so that NaN payloads survive; -0.0 has a bit and is stored like any number.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ...core.hashing import RawTensor
from ..dtypes import DTYPES
from ..errors import SparseFileError
from .frames import compress, decompress
from .planes import PLAIN_BITS, Bytes, Words, bits_for, join, pack, split, stored_size, unpack
from .positions import GAP_WIDTHS, bitmask_of, gaps_of, pieces_of_bitmask, pieces_of_gaps

Layout = Literal["all", "bits", "gaps"]

# Below this, and unless at least this share is saved, a tensor is kept as it is: reading it then costs nothing.
SMALLEST_BYTES = 4 * 2**10
LEAST_SAVING = 1 / 8

_NUMBER = r"\d{1,19}"
_TEXT = re.compile(
    rf"({'|'.join(DTYPES)}) \[((?:{_NUMBER}(?:,{_NUMBER})*)?)\] ({'|'.join(get_args(Layout))}) ({_NUMBER}) ([1248]*)",
    re.ASCII,
)


@dataclass(frozen=True)
class Encoding:
    """What the bytes of an encoded tensor mean.

    ``count`` elements are stored; ``bits`` has one entry a plane, first those of the gaps, then those of the values.
    """

    dtype: str
    shape: tuple[int, ...]
    layout: Layout
    count: int
    bits: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many elements the tensor has."""
        return math.prod(self.shape)

    @property
    def dense_bytes(self) -> int:
        """Bytes of the decoded tensor."""
        return self.elements * DTYPES[self.dtype].size

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bytes of each part of the decompressed frame: the bitmask if there is one, then the planes."""
        bitmask = (-(-self.elements // 8),) if self.layout == "bits" else ()
        return bitmask + tuple(stored_size(self.count, bits) for bits in self.bits)

    def to_text(self) -> str:
        """The description as it stands in the file: ``F32 [64,64,1,1] gaps 412 88882``."""
        shape, planes = ",".join(map(str, self.shape)), "".join(map(str, self.bits))
        return f"{self.dtype} [{shape}] {self.layout} {self.count} {planes}"

    @classmethod
    def from_text(cls, text: str) -> "Encoding":
        """Raises :class:`SparseFileError` for anything that :meth:`to_text` does not write."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise SparseFileError(f"the description {text[:80]!r} is malformed")
        dtype, shape, layout, count, planes = match.groups()
        sizes = tuple(map(int, shape.split(","))) if shape else ()
        encoding = cls(dtype, sizes, layout, int(count), tuple(map(int, planes)))  # type: ignore[arg-type]
        encoding._judge(text)
        return encoding

    def _judge(self, text: str) -> None:
        gap_planes = len(self.bits) - DTYPES[self.dtype].size
        allowed = GAP_WIDTHS if self.layout == "gaps" else (0,)
        stored = self.count == self.elements if self.layout == "all" else self.count <= self.elements
        if gap_planes not in allowed or not stored or self.to_text() != text:
            raise SparseFileError(f"the description {text[:80]!r} contradicts itself")


def encode(tensor: RawTensor) -> tuple[Encoding, bytes] | None:
    """The smallest encoding of a tensor with its bytes, or None where the tensor had better be kept as it is."""
    dense_bytes = memoryview(tensor.data).nbytes
    if dense_bytes < SMALLEST_BYTES:
        return None
    found = min(encodings(tensor), key=lambda candidate: len(candidate[1]))
    return found if len(found[1]) <= (1 - LEAST_SAVING) * dense_bytes else None


def encodings(tensor: RawTensor) -> Iterator[tuple[Encoding, bytes]]:
    """The layouts that a tensor may get, one or two, each with its bytes.

    Gaps lose to the bitmask where most is stored, the bitmask where little is: the other one is not tried then.
    """
    words: Words = np.frombuffer(tensor.data, dtype=f"<u{DTYPES[tensor.dtype].size}")
    stored = words != 0
    indices = np.flatnonzero(stored)
    if indices.size == words.size:
        yield _encoded(tensor, "all", [], [], words)
        return
    values = words[indices]
    if 2 * indices.size <= words.size < 2**32:
        yield _encoded(tensor, "gaps", [], split(gaps_of(indices)), values)
    if 4 * indices.size >= words.size or words.size >= 2**32:
        yield _encoded(tensor, "bits", [bitmask_of(stored)], [], values)


def decode(name: str, encoding: Encoding, data: bytes | memoryview, room: Bytes | None = None) -> RawTensor:
    """The tensor, bit for bit; allocates what the shape asks for and the decompressed frame, nothing more.

    ``room``: zeros (dense_bytes,) to decode into instead, which the tensor then is a view of. Raises
    :class:`SparseFileError` where the data are not what the encoding says.
    """
    frame = np.frombuffer(decompress(data, sum(encoding.sizes)), np.uint8)
    room = np.zeros(encoding.dense_bytes, np.uint8) if room is None else room
    words: Words = room.view(f"<u{DTYPES[encoding.dtype].size}")
    parts = list(_cut(frame, encoding))
    values = parts[-words.itemsize :]
    if encoding.layout == "all":
        words[:] = join(values)
    else:
        where = parts[: -words.itemsize]
        pieces = (
            pieces_of_gaps(where, encoding.elements)
            if encoding.layout == "gaps"
            else pieces_of_bitmask(where[0], encoding.elements, encoding.count)
        )
        start = 0
        for base, indices in pieces:
            end = start + indices.size
            words[base:][indices] = join([plane[start:end] for plane in values])
            start = end
    return RawTensor(name, encoding.dtype, encoding.shape, room.data.toreadonly())


def _encoded(
    tensor: RawTensor, layout: Layout, bitmask: list[Bytes], gaps: list[Bytes], values: Words
) -> tuple[Encoding, bytes]:
    planes = gaps + split(values)
    bits = [bits_for(plane) for plane in planes]
    packed = [pack(plane, width) for plane, width in zip(planes, bits, strict=True)]
    return Encoding(tensor.dtype, tensor.shape, layout, values.size, tuple(bits)), compress(bitmask + packed)


def _cut(frame: Bytes, encoding: Encoding) -> Iterator[Bytes]:
    """The bitmask if there is one, then every plane with its symbols unpacked."""
    widths = ((PLAIN_BITS,) if encoding.layout == "bits" else ()) + encoding.bits
    start = 0
    for size, bits in zip(encoding.sizes, widths, strict=True):
        yield unpack(frame[start : start + size], encoding.count, bits)
        start += size
