"""How many bytes the same tensors take in each way of writing sparse tensors: counted, not written.

====================  =========================================================================================
``dense``             every tensor as it is
``bitmask``           a prunable tensor as one bit per weight, rounded up to a byte, and the kept values
``csr``               a prunable tensor as a matrix (out, rest) in compressed rows: the kept values, an int32 column
                      for each, and out + 1 int32 row pointers
``gaps``              a prunable tensor as the kept values and one byte for each, the number of zeros before it;
                      each further 255 zeros take a byte more
``floor``             no code that knows each tensor's density and the frequencies of its bytes alone is shorter:
                      for every tensor the entropy of its mask, and of each byte plane of its kept values
====================  =========================================================================================

Tensors that are not prunable are written as they are, but for the floor. Headers and names are not counted; both
zeros count as zero. The real ``model.sparse.safetensors`` lies near the floor (docs/format.md).
"""

from collections.abc import Iterable
from math import ceil, fsum, log2

import numpy as np
import numpy.typing as npt

from ..core.hashing import RawTensor
from .dtypes import DTYPES

ENCODINGS = ("dense", "bitmask", "csr", "gaps", "floor")

_INDEX_BYTES = 4
_LONGEST_GAP = 255


class Sizes:
    """Adds up the bytes of a model's tensors in every encoding."""

    def __init__(self) -> None:
        self._bytes = dict.fromkeys(ENCODINGS[:-1], 0)
        self._floor_bits: list[float] = []

    def add(self, tensor: RawTensor, kept: npt.NDArray[np.bool_], prunable: bool) -> None:
        """One tensor with the mask of its non-zeros, in the tensor's shape."""
        count, total, size = int(np.count_nonzero(kept)), kept.size, DTYPES[tensor.dtype].size
        written = dict.fromkeys(self._bytes, total * size)
        if prunable:
            written["bitmask"] = ceil(total / 8) + count * size
            written["csr"] = count * (size + _INDEX_BYTES) + (tensor.shape[0] + 1) * _INDEX_BYTES
            written["gaps"] = count * (size + 1) + _long_gaps(kept, count)
        for name, value in written.items():
            self._bytes[name] += value
        self._floor_bits += [_entropy_bits((count, total - count)), *_plane_bits(tensor, kept)]

    def total(self) -> dict[str, int]:
        """Bytes by encoding, in the order of :data:`ENCODINGS`."""
        return {**self._bytes, "floor": ceil(fsum(self._floor_bits) / 8)}


def _long_gaps(kept: npt.NDArray[np.bool_], count: int) -> int:
    if count == kept.size:
        return 0
    positions = np.flatnonzero(kept)
    gaps = np.diff(positions, prepend=-1) - 1
    return int((gaps // _LONGEST_GAP).sum())


def _plane_bits(tensor: RawTensor, kept: npt.NDArray[np.bool_]) -> Iterable[float]:
    size = DTYPES[tensor.dtype].size
    values = np.frombuffer(tensor.data, f"<u{size}")
    if not kept.all():
        values = values[kept.reshape(-1)]
    for plane in values.view(np.uint8).reshape(-1, size).T:
        yield _entropy_bits(np.bincount(plane, minlength=256).tolist())


def _entropy_bits(counts: Iterable[int]) -> float:
    """Bits that symbols of these frequencies take together: the sum of count · log2(total / count)."""
    present = [count for count in counts if count]
    total = sum(present)
    return fsum(count * log2(total / count) for count in present)
