"""The sparsity passport: what a checkpoint is, counted in its bytes and believed from nobody.

Denominators. *prunable*: floating-point tensors named ``*.weight`` with at least two dimensions, which are the weights
of convolutions and linear layers. *total*: every parameter, that is every floating-point tensor but the running
statistics of normalisation layers. Both zeros count as zero; NaN and infinity count as non-zero and are reported.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..core.hashing import RawTensor, densified_hash, mask_hash
from .config import ModelConfig
from .dtypes import is_floating, to_numpy
from .errors import ConfigError
from .patterns import common_pattern, n_of_m
from .strict import decode
from .weights import read_weights

_STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True)
class Layer:
    """One parameter tensor: its size, what is left of it, and whether a method may prune it."""

    name: str
    shape: tuple[int, ...]
    elements: int
    nonzeros: int
    prunable: bool

    @property
    def sparsity(self) -> float:
        """Fraction of zeros (0 for an empty tensor)."""
        return _sparsity(self.nonzeros, self.elements)


@dataclass(frozen=True)
class Passport:
    """Counts and hashes of one checkpoint.

    ``architecture`` and ``preprocessing_hash`` complete its identity and are None where no description was given.
    ``bytes_dense`` counts the tensor bytes, buffers in, header out. FLOPs (multiply and add apart) are None where the
    description has no output positions, or names layers that are not there.
    """

    densified_hash: str
    mask_hash: str
    architecture: str | None
    preprocessing_hash: str | None
    pattern: str
    dtypes: tuple[str, ...]
    bytes_dense: int
    elements: int
    nonzeros: int
    prunable_elements: int
    prunable_nonzeros: int
    non_finite: int
    flops_dense: int | None
    flops_sparse: int | None
    layers: tuple[Layer, ...]
    schema: int = 1

    def sparsity(self, denominator: Literal["prunable", "total"] = "prunable") -> float:
        """Fraction of zeros by the named denominator (0 where there is nothing to count)."""
        if denominator == "prunable":
            return _sparsity(self.prunable_nonzeros, self.prunable_elements)
        return _sparsity(self.nonzeros, self.elements)

    def to_json(self) -> dict[str, Any]:
        """The document ``passport.json``: the counts, and the two sparsities that follow from them."""
        document = asdict(self)
        layers = [{**row, "shape": list(row["shape"])} for row in document.pop("layers")]
        sparsity = {"prunable": self.sparsity("prunable"), "total": self.sparsity("total")}
        return {**document, "dtypes": list(self.dtypes), "sparsity": sparsity, "layers": layers}

    @classmethod
    def from_json(cls, value: Any, where: str = "passport.json") -> "Passport":
        """Strict: raises :class:`ConfigError` for unknown or mistyped fields and for sums that do not add up."""
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected an object.")
        passport = decode(cls, {key: entry for key, entry in value.items() if key != "sparsity"}, where)
        if (
            passport.schema != 1
            or passport.to_json() != value
            or passport.elements != _sum(passport.layers, "elements")
        ):
            raise ConfigError(f"{where}: the document contradicts itself.")
        return passport


def measure(path: Path, config: ModelConfig | None = None) -> Passport:
    """The passport of a weights file; raises :class:`TensorFileError` where it is no whole, well-formed file."""
    return measure_tensors(read_weights(path), config)


def measure_tensors(tensors: Iterable[RawTensor], config: ModelConfig | None = None) -> Passport:
    """The passport of tensors, wherever they came from; the order does not matter."""
    tensors = sorted(tensors, key=lambda tensor: tensor.name.encode())
    layers: list[Layer] = []
    masks: dict[str, npt.NDArray[np.bool_]] = {}
    for tensor in filter(is_parameter, tensors):
        kept = to_numpy(tensor) != 0
        prunable = is_prunable(tensor)
        layers.append(Layer(tensor.name, tensor.shape, kept.size, int(np.count_nonzero(kept)), prunable))
        if prunable:
            masks[tensor.name] = kept
    prunable_layers = [layer for layer in layers if layer.prunable]
    flops_dense, flops_sparse = _flops(layers, config)
    return Passport(
        densified_hash=densified_hash(tensors),
        mask_hash=mask_hash(masks),
        architecture=config.architecture if config else None,
        preprocessing_hash=config.preprocessing.hash() if config else None,
        pattern=common_pattern(n_of_m(mask) for mask in masks.values() if not mask.all()),
        dtypes=tuple(sorted({tensor.dtype for tensor in tensors})),
        bytes_dense=sum(len(memoryview(tensor.data).cast("B")) for tensor in tensors),
        elements=_sum(layers, "elements"),
        nonzeros=_sum(layers, "nonzeros"),
        prunable_elements=_sum(prunable_layers, "elements"),
        prunable_nonzeros=_sum(prunable_layers, "nonzeros"),
        non_finite=sum(count_non_finite(tensor) for tensor in tensors),
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


def _flops(layers: Iterable[Layer], config: ModelConfig | None) -> tuple[int, int] | tuple[None, None]:
    weights = {layer.name.removesuffix(".weight"): layer for layer in layers if layer.prunable}
    if config is None or not config.positions or not config.positions.keys() <= weights.keys():
        return None, None
    pairs = [(weights[name], count) for name, count in config.positions.items()]
    dense = 2 * sum(layer.elements * count for layer, count in pairs)
    return dense, 2 * sum(layer.nonzeros * count for layer, count in pairs)


def _sum(layers: Iterable[Layer], count: Literal["elements", "nonzeros"]) -> int:
    return sum(getattr(layer, count) for layer in layers)


def _sparsity(nonzeros: int, elements: int) -> float:
    return 1 - nonzeros / elements if elements else 0.0
