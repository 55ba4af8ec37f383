"""zstd frames: tuned to entropy coding, and decoded only to a size that is known beforehand.

Planes of random numbers hold no repetitions worth a match, and chance matches cost size and most of the speed. A hash
table of 64 entries and matches of seven bytes leave plain Huffman coding, which is what an order-0 floor asks for;
long runs are still found. The levels of zstd have no such setting.
"""

from collections.abc import Sequence

import zstandard

from ..errors import SparseFileError
from .planes import Bytes

_PARAMETERS = zstandard.ZstdCompressionParameters(
    strategy=zstandard.STRATEGY_FAST,
    window_log=17,  # one block of zstd
    hash_log=6,
    chain_log=6,
    search_log=1,
    min_match=7,
    target_length=0,  # anything else turns Huffman coding of literals off
    write_content_size=True,
    write_checksum=True,
)


def compress(parts: Sequence[Bytes]) -> bytes:
    """One frame over all parts; every part begins a block, so that parts share no Huffman table by accident.

    Nothing at all where the parts are empty.
    """
    size = sum(part.size for part in parts)
    if not size:
        return b""
    encoder = zstandard.ZstdCompressor(compression_params=_PARAMETERS).compressobj(size=size)
    pieces = []
    for part in parts:
        pieces.append(encoder.compress(part.data))
        pieces.append(encoder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    pieces.append(encoder.flush())
    return b"".join(pieces)


def decompress(data: bytes | memoryview, size: int) -> bytes:
    """The ``size`` bytes of one frame; no more than that is ever allocated.

    Raises :class:`SparseFileError` for data that are not one whole frame of exactly this size, or whose checksum is
    wrong.
    """
    if not size and not len(data):
        return b""
    try:
        claimed = zstandard.get_frame_parameters(data).content_size
        if claimed != size:
            raise SparseFileError(f"the frame holds {claimed:,} bytes where {size:,} are expected")
        found = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise SparseFileError(f"the data cannot be decompressed ({error})") from error
    if len(found) != size:
        raise SparseFileError(f"the frame holds {len(found):,} bytes where {size:,} are expected")
    return found
