"""What a network consists of, tensor by tensor: sizes, what may be pruned and why not the rest, FLOPs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .architectures import ARCHITECTURES
from .checkpoint.config import Preprocessing
from .checkpoint.folder import read_folder
from .checkpoint.passport import measure
from .checkpoint.weights import weight_shapes
from .flops import positions
from .models import build
from .narrowing import narrow
from .prunable import explain


@dataclass(frozen=True)
class TensorFacts:
    """One tensor of the state dict.

    ``nonzeros`` is None where there are no weights to count, ``positions`` where the tensor is not prunable: how often
    each of its weights is used for one image. ``flops`` count multiply and add apart, as if the tensor were dense.
    """

    name: str
    shape: tuple[int, ...]
    elements: int
    prunable: bool
    reason: str
    nonzeros: int | None = None
    positions: int | None = None
    flops: int | None = None


@dataclass(frozen=True)
class Inspection:
    """An architecture, or the model of a folder: then ``nonzeros`` of its tensors are counted from the bytes."""

    architecture: str
    title: str
    source: str
    timm_name: str | None
    num_classes: int
    classifier: str
    preprocessing: Preprocessing
    tensors: tuple[TensorFacts, ...]
    parameters: int
    prunable_elements: int
    flops_dense: int
    prunable_nonzeros: int | None = None
    flops_sparse: int | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON types only; the fields of this class, ``preprocessing`` in the terms of timm."""
        document = {**asdict(self), "preprocessing": self.preprocessing.to_dict()}
        return document | {"tensors": [{**row, "shape": list(row["shape"])} for row in document["tensors"]]}


def inspect_architecture(name: str, num_classes: int) -> Inspection:
    """An architecture without weights; raises :class:`~zoo.core.errors.UsageError` for an unknown name."""
    entry = ARCHITECTURES[name]
    with torch.device("meta"):
        model = build(name, num_classes)
    return _inspection(name, model, num_classes, entry.preprocessing, entry.timm_name)


def inspect_folder(path: Path) -> Inspection:
    """The model of a folder, with the widths that its tensors have, and its zeros.

    Raises :class:`~zoo.checkpoint.errors.CheckpointError` for a folder that is none.
    """
    folder = read_folder(path)
    config = folder.config
    with torch.device("meta"):
        model = build(config.architecture, config.num_classes)
    narrow(model, weight_shapes(folder.weights), config.preprocessing.input_size)
    kept = {layer.name: layer.nonzeros for layer in measure(folder.weights, config).layers}
    return _inspection(config.architecture, model, config.num_classes, config.preprocessing, config.timm_name, kept)


def _inspection(
    name: str,
    model: nn.Module,
    num_classes: int,
    preprocessing: Preprocessing,
    timm_name: str | None,
    kept: Mapping[str, int] | None = None,
) -> Inspection:
    entry = ARCHITECTURES[name]
    used = positions(model, preprocessing.input_size)
    tensors = tuple(_facts(row.name, row.shape, row.prunable, row.reason, used, kept) for row in explain(model))
    prunable = [tensor for tensor in tensors if tensor.prunable]
    return Inspection(
        architecture=name,
        title=entry.title,
        source=entry.source,
        timm_name=timm_name,
        num_classes=num_classes,
        classifier=entry.classifier,
        preprocessing=preprocessing,
        tensors=tensors,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        prunable_elements=sum(tensor.elements for tensor in prunable),
        flops_dense=sum(tensor.flops or 0 for tensor in prunable),
        prunable_nonzeros=None if kept is None else sum(kept[tensor.name] for tensor in prunable),
        flops_sparse=None if kept is None else 2 * sum(kept[row.name] * (row.positions or 0) for row in prunable),
    )


def _facts(
    name: str,
    shape: tuple[int, ...],
    prunable: bool,
    reason: str,
    used: Mapping[str, int],
    kept: Mapping[str, int] | None,
) -> TensorFacts:
    elements = torch.Size(shape).numel()
    uses = used.get(name.removesuffix(".weight"), 0) if prunable else None
    return TensorFacts(
        name=name,
        shape=shape,
        elements=elements,
        prunable=prunable,
        reason=reason,
        nonzeros=None if kept is None else kept.get(name),
        positions=uses,
        flops=None if uses is None else 2 * elements * uses,
    )
