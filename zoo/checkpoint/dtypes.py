"""The element types of a checkpoint, in safetensors' spelling, and how numpy sees them."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.hashing import RawTensor
from .errors import TensorFileError


class Dtype(NamedTuple):
    """``size`` in bytes; ``numpy`` is the little-endian type of the same bytes."""

    size: int
    numpy: str
    floating: bool


# In the order in which the safetensors library lays tensors out (alignment first).
DTYPES = {
    "U64": Dtype(8, "<u8", False),
    "I64": Dtype(8, "<i8", False),
    "F64": Dtype(8, "<f8", True),
    "F32": Dtype(4, "<f4", True),
    "U32": Dtype(4, "<u4", False),
    "I32": Dtype(4, "<i4", False),
    "BF16": Dtype(2, "<u2", True),
    "F16": Dtype(2, "<f2", True),
    "U16": Dtype(2, "<u2", False),
    "I16": Dtype(2, "<i2", False),
    "I8": Dtype(1, "|i1", False),
    "U8": Dtype(1, "|u1", False),
    "BOOL": Dtype(1, "|b1", False),
}


def is_floating(dtype: str) -> bool:
    """Whether a dtype holds weights that can be pruned."""
    return DTYPES[dtype].floating


def to_numpy(tensor: RawTensor) -> npt.NDArray[Any]:
    """The values in their shape, read-only; BF16 is widened to float32, which is exact, because numpy has no bf16.

    Raises :class:`TensorFileError` where the bytes do not fill the shape.
    """
    dtype = DTYPES[tensor.dtype]
    try:
        values: npt.NDArray[Any] = np.frombuffer(tensor.data, dtype=dtype.numpy).reshape(tensor.shape)
    except ValueError as error:
        raise TensorFileError(f"tensor {tensor.name!r}: {error}.") from error
    if tensor.dtype == "BF16":
        wide: npt.NDArray[np.float32] = np.left_shift(values.astype("<u4"), np.uint32(16)).view("<f4")
        wide.flags.writeable = False
        return wide
    return values


def count_negative_zeros(tensor: RawTensor) -> int:
    """How many values are -0.0, the zero that has a bit; 0 for a dtype without a sign of zero."""
    dtype = DTYPES[tensor.dtype]
    if not dtype.floating:
        return 0
    words = np.frombuffer(tensor.data, dtype=f"<u{dtype.size}")
    return int(np.count_nonzero(words == words.dtype.type(1 << (8 * dtype.size - 1))))


def from_numpy(name: str, values: npt.NDArray[Any]) -> RawTensor:
    """A tensor of the same dtype, shape and bits; raises :class:`TensorFileError` for a dtype the format lacks."""
    for key, dtype in DTYPES.items():
        if key != "BF16" and np.dtype(dtype.numpy) == values.dtype:
            data = np.ascontiguousarray(values, dtype=dtype.numpy).tobytes()
            return RawTensor(name, key, tuple(values.shape), data)
    raise TensorFileError(f"tensor {name!r}: numpy dtype {values.dtype} has no place in a safetensors file.")
