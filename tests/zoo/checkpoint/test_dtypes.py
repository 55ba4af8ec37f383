"""Bytes as numpy values; torch is the independent judge of bfloat16."""

import numpy as np
import pytest
import torch

from zoo.checkpoint.dtypes import DTYPES, count_negative_zeros, from_numpy, to_numpy
from zoo.checkpoint.errors import TensorFileError
from zoo.core.hashing import RawTensor


def test_every_bfloat16_is_widened_exactly() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    ours = to_numpy(RawTensor("w", "BF16", (256, 256), bits.tobytes()))
    expected = torch.from_numpy(bits.view(np.int16)).view(torch.bfloat16).float().reshape(256, 256).numpy()
    np.testing.assert_array_equal(ours, expected)
    assert ours.dtype == np.float32


@pytest.mark.parametrize("dtype", [name for name in DTYPES if name != "BF16"])
def test_round_trip_keeps_every_bit(dtype: str) -> None:
    data = bytes(range(48)) if dtype != "BOOL" else bytes([0, 1] * 24)
    count = 48 // DTYPES[dtype].size
    tensor = RawTensor("w", dtype, (count,), data)
    assert from_numpy("w", to_numpy(tensor)) == tensor


def test_big_endian_input_is_written_little_endian() -> None:
    assert from_numpy("w", np.array([1.0], dtype=">f4").astype("<f4")).data == b"\x00\x00\x80\x3f"
    with pytest.raises(TensorFileError, match="no place"):
        from_numpy("w", np.array([1.0], dtype=">f4"))


def test_a_view_that_is_not_contiguous_is_written_in_c_order() -> None:
    assert from_numpy("w", np.arange(4, dtype=np.uint8).reshape(2, 2).T).data == bytes([0, 2, 1, 3])


def test_values_cannot_be_changed_through_the_view() -> None:
    for dtype in ("F32", "BF16"):
        values = to_numpy(RawTensor("w", dtype, (0,), b""))
        assert not values.flags.writeable


def test_complex_values_are_refused_by_name() -> None:
    with pytest.raises(TensorFileError, match="'w'.*complex128"):
        from_numpy("w", np.zeros(1, np.complex128))


def test_bytes_that_do_not_fill_the_shape_are_refused_by_name() -> None:
    with pytest.raises(TensorFileError, match="'w'"):
        to_numpy(RawTensor("w", "F32", (3,), b"\0" * 8))


@pytest.mark.parametrize(
    ("dtype", "data", "expected"),
    [
        ("F32", b"\0\0\0\x80\0\0\0\0\1\0\0\x80", 1),
        ("F64", b"\0" * 7 + b"\x80", 1),
        ("BF16", b"\0\x80\0\x80\x80\0", 2),
        ("F16", b"", 0),
        ("I32", b"\0\0\0\x80", 0),
    ],
)
def test_negative_zeros_are_the_sign_bit_alone(dtype: str, data: bytes, expected: int) -> None:
    assert count_negative_zeros(RawTensor("w", dtype, (len(data) // DTYPES[dtype].size,), data)) == expected
