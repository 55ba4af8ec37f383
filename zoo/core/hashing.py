"""Hashes that identify a model by its weights, whatever file they came in.

``d1:`` is over tensors sorted bytewise by name. Each of name, dtype, shape and data goes in with its length before it
(eight little-endian bytes); the shape is its decimal sizes joined by commas; data are little-endian C-order bytes.
Buffers are in, metadata is out. -0.0 and +0.0 differ here: zeros are made +0.0 when a model is saved, so that a hash
stays a statement about bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class RawTensor(NamedTuple):
    """One tensor as bytes: ``dtype`` in safetensors' spelling (``F32``, ``BF16``, ``I64`` ...)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: memoryview | bytes


class DensifiedHasher:
    """The densified hash of tensors that pass by one at a time, in the bytewise order of their names."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"prunarium densified hash 1\n")
        self._last: bytes | None = None

    def update(self, tensor: RawTensor) -> None:
        """Raises ValueError for a tensor whose name does not come after the one before."""
        name = tensor.name.encode()
        if self._last is not None and name <= self._last:
            raise ValueError(f"tensor {tensor.name!r} does not come after {self._last.decode()!r}")
        self._last = name
        shape = ",".join(map(str, tensor.shape)).encode()
        for field in (name, tensor.dtype.encode(), shape, memoryview(tensor.data).cast("B")):
            self._digest.update(len(field).to_bytes(8, "little"))
            self._digest.update(field)

    def value(self) -> str:
        """``d1:`` and 64 hex digits over what has passed."""
        return f"d1:{self._digest.hexdigest()}"


def densified_hash(tensors: Iterable[RawTensor]) -> str:
    """``d1:`` and 64 hex digits; independent of the order of ``tensors`` and of any file layout.

    Raises ValueError where two tensors have one name.
    """
    hasher = DensifiedHasher()
    for tensor in sorted(tensors, key=lambda entry: entry.name.encode()):
        hasher.update(tensor)
    return hasher.value()


def mask_hash(masks: Mapping[str, npt.NDArray[np.bool_]]) -> str:
    """``m1:`` and 64 hex digits over the masks (True = kept), bits packed little-endian first."""
    digest = hashlib.sha256(b"prunarium mask hash 1\n")
    for name in sorted(masks, key=str.encode):
        mask = masks[name]
        shape = ",".join(map(str, mask.shape)).encode()
        packed = np.packbits(mask.reshape(-1), bitorder="little").tobytes()
        for field in (name.encode(), shape, packed):
            digest.update(len(field).to_bytes(8, "little"))
            digest.update(field)
    return f"m1:{digest.hexdigest()}"


def preprocessing_hash(config: bytes) -> str:
    """``p1:`` and 64 hex digits of the canonical JSON of a preprocessing configuration."""
    return f"p1:{hashlib.sha256(config).hexdigest()}"
