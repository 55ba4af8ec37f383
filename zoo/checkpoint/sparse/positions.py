"""Where the stored values stand among the elements of a tensor, in C order.

Gaps: the index of the first stored value, then the distance from each to the next, as words of 1, 2 or 4 bytes. In a
random mask they follow a geometric law, for which Huffman codes are close to the best (Golomb 1966), and they are
decoded by one running sum. Bitmask: one bit an element, lowest bit first; smaller where a fourth or more is stored,
above all for N:M patterns, but decoding has to look at every element.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import SparseFileError
from .planes import Bytes, Words, join

Indices = npt.NDArray[np.int64]

GAP_WIDTHS = (1, 2, 4)

# So many values or bytes of a bitmask at a time: few enough that what they become stays in the second-level cache, and
# enough that two threads seldom meet at the interpreter's lock.
_VALUES_AT_A_TIME = 1 << 17
_BYTES_AT_A_TIME = 1 << 15


class Piece(NamedTuple):
    """Stored values that follow one another: their ``indices`` (n,) count from element ``base``."""

    base: int
    indices: Indices


def gaps_of(indices: Indices) -> Words:
    """Gaps (n,) of ascending indices (n,), in the narrowest word that holds them all; indices stay below 2**32."""
    gaps = np.diff(indices, prepend=0)
    largest = int(gaps.max(initial=0))
    return gaps.astype(next(dtype for dtype in (np.uint8, np.uint16, np.uint32) if largest <= np.iinfo(dtype).max))


def bitmask_of(stored: npt.NDArray[np.bool_]) -> Bytes:
    """One bit an element, True = stored; what is left of the last byte is zero."""
    return np.packbits(stored, bitorder="little")


def pieces_of_gaps(planes: Sequence[Bytes], elements: int) -> Iterator[Piece]:
    """Raises :class:`SparseFileError` for a value beyond ``elements`` and for two values at one place."""
    base = 0
    for start in range(0, planes[0].size, _VALUES_AT_A_TIME):
        gaps = join([plane[start : start + _VALUES_AT_A_TIME] for plane in planes])
        if not gaps[0 if start else 1 :].all():
            raise SparseFileError("a gap of zero puts two values at one place")
        indices = np.cumsum(gaps, dtype=np.int64)
        last = base + int(indices[-1])
        if last >= elements:
            raise SparseFileError(f"a gap leads to element {last:,} of {elements:,}")
        yield Piece(base, indices)
        base = last


def pieces_of_bitmask(bitmask: Bytes, elements: int, count: int) -> Iterator[Piece]:
    """Raises :class:`SparseFileError` where not exactly ``count`` of ``elements`` are marked."""
    found = 0
    for start in range(0, bitmask.size, _BYTES_AT_A_TIME):
        bits = np.unpackbits(bitmask[start : start + _BYTES_AT_A_TIME], bitorder="little").view(np.bool_)
        indices = np.flatnonzero(bits)
        found += indices.size
        if found > count or (indices.size and 8 * start + int(indices[-1]) >= elements):
            found = -1
            break
        yield Piece(8 * start, indices)
    if found != count:
        raise SparseFileError(f"the bitmask does not mark {count:,} of {elements:,} elements")
