"""The sparsity passport: what a checkpoint is, counted in its bytes and believed from nobody.

Three denominators, each judged by name and dtype alone:

============  ======================================================================================================
*prunable*    floating-point tensors named ``*.weight`` with at least two dimensions: the weights of convolutions and
              linear layers
*total*       every parameter: every floating-point tensor but the running statistics of normalisation layers
*stored*      every floating-point tensor of the file, running statistics in
============  ======================================================================================================

Both zeros count as zero; NaN and infinity count as non-zero and are reported. A *dead channel* is an output of a
prunable tensor (an index of its first dimension) whose weights are all zero.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..core.hashing import RawTensor, densified_hash, mask_hash
from .config import ModelConfig
from .dtypes import is_floating, to_numpy
from .encoded_sizes import Sizes
from .passport_document import SCHEMA, Layer, Passport
from .patterns import common_pattern, pattern_of
from .weights import read_weights

__all__ = [
    "SCHEMA",
    "Layer",
    "Passport",
    "count_non_finite",
    "is_parameter",
    "is_prunable",
    "measure",
    "measure_tensors",
]

_STATISTICS = ("running_mean", "running_var")


def measure(path: Path, config: ModelConfig | None = None) -> Passport:
    """The passport of a weights file, dense or sparse; raises :class:`TensorFileError` where it is not whole."""
    return measure_tensors(read_weights(path), config)


def measure_tensors(tensors: Iterable[RawTensor], config: ModelConfig | None = None) -> Passport:
    """The passport of tensors, wherever they came from; the order does not matter."""
    tensors = sorted(tensors, key=lambda tensor: tensor.name.encode())
    layers: list[Layer] = []
    statistics: list[tuple[int, int]] = []
    masks: dict[str, npt.NDArray[np.bool_]] = {}
    sizes = Sizes()
    for tensor in tensors:
        kept = np.asarray(to_numpy(tensor) != 0)  # of a tensor without dimensions numpy makes a number
        sizes.add(tensor, kept, is_prunable(tensor))
        if is_prunable(tensor):
            masks[tensor.name] = kept
        if is_parameter(tensor):
            layers.append(_layer(tensor, kept))
        elif is_floating(tensor.dtype):
            statistics.append((kept.size, int(np.count_nonzero(kept))))
    prunable = [layer for layer in layers if layer.prunable]
    flops_dense, flops_sparse = _flops(layers, config)
    encodings = sizes.total()
    return Passport(
        densified_hash=densified_hash(tensors),
        mask_hash=mask_hash(masks),
        architecture=config.architecture if config else None,
        preprocessing_hash=config.preprocessing.hash() if config else None,
        pattern=common_pattern(layer.pattern or "" for layer in prunable),
        dtypes=tuple(sorted({tensor.dtype for tensor in tensors})),
        bytes_dense=encodings["dense"],
        elements=_sum(layers, "elements"),
        nonzeros=_sum(layers, "nonzeros"),
        prunable_elements=_sum(prunable, "elements"),
        prunable_nonzeros=_sum(prunable, "nonzeros"),
        stored_elements=_sum(layers, "elements") + sum(elements for elements, _ in statistics),
        stored_nonzeros=_sum(layers, "nonzeros") + sum(nonzeros for _, nonzeros in statistics),
        dead_channels=sum(layer.dead_channels or 0 for layer in prunable),
        non_finite=sum(count_non_finite(tensor) for tensor in tensors),
        encodings=encodings,
        flops_dense=flops_dense,
        flops_sparse=flops_sparse,
        layers=tuple(layers),
    )


def is_parameter(tensor: RawTensor) -> bool:
    """Whether a tensor counts in the total denominator, judged by dtype and name alone."""
    return is_floating(tensor.dtype) and tensor.name.rpartition(".")[2] not in _STATISTICS


def is_prunable(tensor: RawTensor) -> bool:
    """Whether a tensor counts in the prunable denominator; agrees with ``zoo.prunable`` on every architecture."""
    return is_floating(tensor.dtype) and tensor.name.endswith(".weight") and len(tensor.shape) >= 2


def count_non_finite(tensor: RawTensor) -> int:
    """How many values are NaN or infinite."""
    if not is_floating(tensor.dtype):
        return 0
    return int(np.count_nonzero(~np.isfinite(to_numpy(tensor))))


def _layer(tensor: RawTensor, kept: npt.NDArray[np.bool_]) -> Layer:
    nonzeros = int(np.count_nonzero(kept))
    if not is_prunable(tensor):
        return Layer(tensor.name, tensor.shape, kept.size, nonzeros, prunable=False)
    dead = 0 if kept.all() else int(np.count_nonzero(~kept.reshape(kept.shape[0], -1).any(axis=1)))
    return Layer(tensor.name, tensor.shape, kept.size, nonzeros, True, pattern_of(kept), dead)


def _flops(layers: Sequence[Layer], config: ModelConfig | None) -> tuple[int, int] | tuple[None, None]:
    weights = {layer.name.removesuffix(".weight"): layer for layer in layers if layer.prunable}
    if config is None or not config.positions or not config.positions.keys() <= weights.keys():
        return None, None
    pairs = [(weights[name], count) for name, count in config.positions.items()]
    dense = 2 * sum(layer.elements * count for layer, count in pairs)
    return dense, 2 * sum(layer.nonzeros * count for layer, count in pairs)


def _sum(layers: Iterable[Layer], count: Literal["elements", "nonzeros"]) -> int:
    return sum(getattr(layer, count) for layer in layers)
