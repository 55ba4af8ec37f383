"""Numbers as byte planes: plane 0 holds the lowest byte of every number, the last plane the highest.

The bytes of one plane resemble each other, those of one number do not, so that an order-0 coder works on planes. A
plane of at most 16 different bytes is packed: a palette, then 1, 2 or 4 bits a symbol. Huffman codes cannot go below
one bit a symbol, but they can on several symbols at once; the exponents of pruned weights are such planes.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.unsignedinteger]

WIDTHS = (1, 2, 4, 8)
PLAIN_BITS = 8

_WORD_OF_WIDTH = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def split(words: Words) -> list[Bytes]:
    """The byte planes of words (n,), lowest first; each is (n,)."""
    table = words.astype(words.dtype.newbyteorder("<"), copy=False).view(np.uint8).reshape(-1, words.itemsize)
    return [np.ascontiguousarray(table[:, plane]) for plane in range(words.itemsize)]


def join(planes: Sequence[Bytes]) -> Words:
    """The words (n,) of byte planes (n,), lowest first; the inverse of :func:`split`."""
    if len(planes) == 1:
        return planes[0]
    # Halves into halves; widened within the operation, so that no pass reads or writes with gaps.
    half = len(planes) // 2
    words: Words = np.left_shift(join(planes[half:]), 8 * half, dtype=_WORD_OF_WIDTH[len(planes)])
    words |= join(planes[:half])
    return words


def bits_for(plane: Bytes) -> int:
    """The bits a symbol that a plane is stored with: 1, 2 or 4 where its palette allows, else 8 without a palette."""
    symbols = np.count_nonzero(np.bincount(plane, minlength=256))
    if not symbols:
        return PLAIN_BITS
    return next((bits for bits in (1, 2, 4) if symbols <= 1 << bits), PLAIN_BITS)


def stored_size(count: int, bits: int) -> int:
    """Bytes that a plane of ``count`` symbols takes before entropy coding, its palette in."""
    return count if bits == PLAIN_BITS else (1 << bits) + -(-count * bits // 8)


def pack(plane: Bytes, bits: int) -> Bytes:
    """A plane (n,) as it is stored; the palette is sorted and filled up with zeros, the first symbol lies lowest."""
    if bits == PLAIN_BITS:
        return plane
    symbols = np.flatnonzero(np.bincount(plane, minlength=256))
    palette = np.zeros(1 << bits, np.uint8)
    palette[: symbols.size] = symbols
    code_of = np.zeros(256, np.uint8)
    code_of[symbols] = np.arange(symbols.size)
    per_byte = 8 // bits
    codes = np.zeros(-(-plane.size // per_byte) * per_byte, np.uint8)
    codes[: plane.size] = code_of[plane]
    packed = codes[0::per_byte].copy()
    for position in range(1, per_byte):
        packed |= codes[position::per_byte] << (bits * position)
    return np.concatenate([palette, packed])


def unpack(stored: Bytes, count: int, bits: int) -> Bytes:
    """The ``count`` symbols of a plane from the bytes that :func:`pack` gave; any bytes of that number are valid."""
    if bits == PLAIN_BITS:
        return stored
    palette, packed = stored[: 1 << bits], stored[1 << bits :]
    symbols = np.ascontiguousarray(palette[_codes_of_bytes(bits)])
    # One look-up gives all symbols of a byte as one word.
    return np.take(symbols.view(_WORD_OF_WIDTH[8 // bits]).reshape(-1), packed).view(np.uint8)[:count]


@cache
def _codes_of_bytes(bits: int) -> npt.NDArray[np.int64]:
    """Codes (256, 8 / bits) in every byte, lowest first."""
    shifts = np.arange(0, 8, bits)
    return (np.arange(256)[:, None] >> shifts) & ((1 << bits) - 1)
