"""Where the stored values stand among the elements of a tensor, in C order.

Gaps: before each stored value the number of elements that are not stored, as a word of 1, 2 or 4 bytes. In a random
mask they follow a geometric law, for which Huffman codes are close to the best (Golomb 1966), and they are decoded by
one running sum. Bitmask: one bit an element, lowest bit first; smaller where a fourth or more is stored, above all for
N:M patterns, but decoding has to look at every element.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..errors import SparseFileError
from .planes import Bytes, Words, join

Indices = npt.NDArray[np.int64]

GAP_WIDTHS = (1, 2, 4)

# Stored values decoded at a time: their indices and words stay in the second-level cache.
_CHUNK = 1 << 15
# Bytes of a bitmask decoded at a time.
_CHUNK_OF_BITS = 1 << 13


def gaps_of(indices: Indices) -> Words:
    """Gaps (n,) before ascending indices (n,), in the narrowest word that holds them all."""
    gaps = np.diff(indices, prepend=-1) - 1
    largest = int(gaps.max(initial=0))
    return gaps.astype(next(dtype for dtype in (np.uint8, np.uint16, np.uint32) if largest <= np.iinfo(dtype).max))


def bitmask_of(stored: npt.NDArray[np.bool_]) -> Bytes:
    """One bit an element, True = stored; what is left of the last byte is zero."""
    return np.packbits(stored, bitorder="little")


def indices_of_gaps(planes: Sequence[Bytes], elements: int) -> Iterator[Indices]:
    """The indices of the stored values in pieces; raises :class:`SparseFileError` for one beyond ``elements``."""
    next_index = 0
    for start in range(0, planes[0].size, _CHUNK):
        steps = join([plane[start : start + _CHUNK] for plane in planes]).astype(np.int64)
        steps += 1
        steps[0] += next_index - 1
        indices = np.cumsum(steps, out=steps)
        next_index = int(indices[-1]) + 1
        if next_index > elements:
            raise SparseFileError(f"a gap leads to element {next_index - 1:,} of {elements:,}")
        yield indices


def indices_of_bitmask(bitmask: Bytes, elements: int, count: int) -> Iterator[Indices]:
    """The indices of the stored values in pieces; raises :class:`SparseFileError` where they are not ``count``."""
    found = 0
    for start in range(0, bitmask.size, _CHUNK_OF_BITS):
        bits = np.unpackbits(bitmask[start : start + _CHUNK_OF_BITS], bitorder="little").view(np.bool_)
        indices = np.flatnonzero(bits)
        found += indices.size
        if found > count or (indices.size and 8 * start + int(indices[-1]) >= elements):
            break
        indices += 8 * start
        yield indices
    if found != count:
        raise SparseFileError(f"the bitmask does not mark {count:,} of {elements:,} elements")
