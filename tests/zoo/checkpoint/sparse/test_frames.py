"""zstd frames: what is accepted, and what a frame may cost."""

import tracemalloc

import numpy as np
import pytest
import zstandard

from zoo.checkpoint.errors import SparseFileError
from zoo.checkpoint.sparse.frames import compress, decompress

# By hand from RFC 8878: magic, descriptor (single segment, no checksum), content size, one raw block that is the last.
RAW_FRAME = bytes.fromhex("28b52ffd 20 05 290000 68656c6c6f")


def test_a_frame_written_by_hand_is_read() -> None:
    assert decompress(RAW_FRAME, 5) == b"hello"


def test_parts_come_back_in_their_order() -> None:
    parts = [np.arange(300, dtype=np.uint16).astype(np.uint8), np.zeros(0, np.uint8), np.full(70_000, 7, np.uint8)]
    data = compress(parts)
    assert decompress(data, 70_300) == b"".join(part.tobytes() for part in parts)
    assert compress(parts) == data


def test_nothing_is_nothing() -> None:
    assert compress([np.zeros(0, np.uint8)]) == b""
    assert decompress(b"", 0) == b""


def test_random_planes_come_near_their_entropy() -> None:
    """Geometric gaps at 10 % density have 4.69 bits; zstd's own levels 1 and 3 find chance matches in such data."""
    gaps = np.minimum(np.random.default_rng(0).geometric(0.1, 200_000), 255).astype(np.uint8)
    probabilities = np.bincount(gaps) / gaps.size
    entropy_bits = -np.sum(
        probabilities * np.log2(probabilities, where=probabilities > 0, out=np.zeros(256)[: probabilities.size])
    )
    assert 8 * len(compress([gaps])) / gaps.size < 1.02 * entropy_bits


BAD = {
    "nothing": (b"", 5),
    "no frame": (b"hello", 5),
    "cut": (RAW_FRAME[:-1], 5),
    "shorter than expected": (RAW_FRAME, 6),
    "longer than expected": (RAW_FRAME, 4),
    "something where nothing is expected": (RAW_FRAME, 0),
    "trailing bytes": (RAW_FRAME + b"\0", 5),
    "two frames": (RAW_FRAME * 2, 5),
    "skippable frame": (bytes.fromhex("502a4d18 05000000 68656c6c6f"), 5),
    "unknown size": (zstandard.ZstdCompressor(write_content_size=False).compress(b"hello"), 5),
    "size that lies": (RAW_FRAME[:5] + b"\x06" + RAW_FRAME[6:], 6),
}


@pytest.mark.parametrize("case", BAD)
def test_anything_but_one_whole_frame_of_the_size_is_refused(case: str) -> None:
    data, size = BAD[case]
    with pytest.raises(SparseFileError):
        decompress(data, size)


def test_a_flipped_bit_does_not_pass_the_checksum() -> None:
    data = bytearray(compress([np.random.default_rng(0).integers(0, 256, 1000, np.uint8)]))
    data[500] ^= 4
    with pytest.raises(SparseFileError, match="checksum"):
        decompress(bytes(data), 1000)


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(2**26))
    tracemalloc.start()
    try:
        with pytest.raises(SparseFileError, match="67,108,864 bytes where 1,000"):
            decompress(bomb, 1000)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
