"""Tensors stored as (indices, values, flat shape, shape), as RobustNets keeps what is more than half empty."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..checkpoint.safetensors_file import MAX_FILE_BYTES
from ..errors import ForeignFileError


def is_sparse_tuple(value: Any) -> bool:
    """Whether ``value`` has the form: two tensors, then two shapes."""
    return (
        isinstance(value, tuple)
        and len(value) == 4
        and all(isinstance(part, Tensor) for part in value[:2])
        and all(isinstance(part, torch.Size) for part in value[2:])
    )


def unpacked(document: Mapping[Any, Any]) -> dict[Any, Any]:
    """``document`` with dense tensors in the places of such tuples.

    Raises :class:`ForeignFileError` for indices that are outside, doubled or not those of the values, and where all
    together would be too large.
    """
    size = sum(math.prod(value[3]) * value[1].element_size() for value in document.values() if is_sparse_tuple(value))
    if size > MAX_FILE_BYTES:
        raise ForeignFileError(f"The tensors take {size:,} bytes in memory; at most {MAX_FILE_BYTES:,} are taken.")
    return {name: _dense(str(name), *value) if is_sparse_tuple(value) else value for name, value in document.items()}


def _dense(name: str, indices: Tensor, values: Tensor, flat: torch.Size, shape: torch.Size) -> Tensor:
    count = math.prod(shape)
    if indices.ndim != 2 or indices.shape != (1, len(values)) or values.ndim != 1 or tuple(flat) != (count,):
        raise ForeignFileError(f"{name} is stored sparse, but its indices, values and shape do not fit each other.")
    places = indices[0].long()
    ordered = places.sort().values
    if len(places) and (ordered[0] < 0 or ordered[-1] >= count or bool((ordered[1:] == ordered[:-1]).any())):
        raise ForeignFileError(f"{name} is stored sparse, but has indices that are outside or doubled.")
    made = torch.zeros(count, dtype=values.dtype)
    made[places] = values
    return made.reshape(shape)
