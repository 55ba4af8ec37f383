"""Byte planes and palettes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zoo.checkpoint.sparse.planes import bits_for, join, pack, split, stored_size, unpack


def test_planes_run_from_the_lowest_byte_to_the_highest() -> None:
    planes = split(np.array([0x04030201, 0x14131211], np.uint32))
    assert [plane.tolist() for plane in planes] == [[1, 0x11], [2, 0x12], [3, 0x13], [4, 0x14]]


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8"])
@given(data=st.data())
def test_joined_planes_are_the_words_again(dtype: str, data: st.DataObject) -> None:
    words = data.draw(arrays(np.dtype(dtype), st.integers(0, 50)))
    assert np.array_equal(join(split(words)), words)


@pytest.mark.parametrize(
    ("symbols", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (256, 8)]
)  # fmt: skip
def test_a_plane_gets_the_fewest_bits_that_hold_its_symbols(symbols: int, bits: int) -> None:
    plane = np.arange(1000, dtype=np.uint16) % symbols
    assert bits_for(plane.astype(np.uint8)) == bits


def test_packed_planes_are_the_literal_bytes() -> None:
    """Palette 5, 7, 9 and a filler; then codes 1, 0, 2, 1 as 01 10 00 01 from the highest, and 2 alone in its byte."""
    packed = pack(np.array([7, 5, 9, 7, 9], np.uint8), 2)
    assert packed.tolist() == [5, 7, 9, 0, 0b01_10_00_01, 0b10]
    assert unpack(packed, 5, 2).tolist() == [7, 5, 9, 7, 9]


@given(plane=arrays(np.uint8, st.integers(0, 70)), modulus=st.integers(1, 256))
def test_packing_loses_nothing_and_takes_the_announced_size(plane: np.ndarray, modulus: int) -> None:
    plane = (plane.astype(np.uint16) % modulus).astype(np.uint8)  # 256 is no uint8
    bits = bits_for(plane)
    packed = pack(plane, bits)
    assert packed.size == stored_size(plane.size, bits)
    assert np.array_equal(unpack(packed, plane.size, bits), plane)
