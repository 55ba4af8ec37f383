"""Model folders of real architectures with random weights: nothing is trained, so they are made in a moment."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.folder import ModelFolder, write_folder
from zoo.checkpoint.torch_io import tensors_of
from zoo.models import build

ARCHITECTURE = "resnet8-digits"
POSITIONS = {"conv1": 64, "layer1.conv1": 64, "layer2.conv1": 16, "fc": 1}


def write_network(
    path: Path,
    *,
    sparsity: float = 0.0,
    seed: int = 0,
    architecture: str = ARCHITECTURE,
    classes: int = 5,
    crop_fraction: float | None = None,
    input_size: tuple[int, int, int] | None = None,
    interpolation: str | None = None,
    **provenance: Any,
) -> ModelFolder:
    """A whole folder, ``dense`` or pruned by global magnitude as ``gmp``; keyword arguments change the provenance."""
    model = build(architecture, classes, seed)
    _prune(model, sparsity)
    entry = ARCHITECTURES[architecture]
    preprocessing = entry.preprocessing
    if crop_fraction is not None:
        preprocessing = replace(preprocessing, crop_fraction=crop_fraction)
    if interpolation is not None:
        preprocessing = replace(preprocessing, interpolation=interpolation)
    if input_size is not None:
        preprocessing = replace(preprocessing, input_size=input_size)
    method = "gmp" if sparsity else "dense"
    fields: dict[str, Any] = {
        "slug": f"{method}/{architecture}/{sparsity:.2f}-s{seed}",
        "title": f"{entry.title}, {method}, {sparsity:.0%}",
        "method": method,
        "family": "magnitude" if sparsity else "dense",
        "architecture": architecture,
        "sparsity_target": sparsity,
        "replicate": seed,
        "parent": f"dense/{architecture}/0.00-s{seed}" if sparsity else None,
        "data": "digits:0-4",
        "data_sha256": "1" * 64,
        "epochs": 3,
        "upstream_top1": 0.875,
        "config_hash": "2" * 64,
        "code_version": "0.1.0",
        "licence": "Apache-2.0",
    }
    config = ModelConfig(
        architecture=architecture,
        num_classes=classes,
        class_names=tuple(map(str, range(classes))),
        preprocessing=preprocessing,
        classifier=entry.classifier,
        timm_name=entry.timm_name,
        positions=POSITIONS if architecture == ARCHITECTURE else {},
    )
    return write_folder(path, tensors_of(model), config, Provenance(**(fields | provenance)))


def _prune(model: nn.Module, sparsity: float) -> None:
    weights = [weight for name, weight in model.named_parameters() if name.endswith(".weight") and weight.dim() > 1]
    scores = torch.cat([weight.detach().abs().flatten() for weight in weights])
    pruned = torch.zeros_like(scores, dtype=torch.bool)
    pruned[scores.argsort()[: round(sparsity * scores.numel())]] = True
    with torch.no_grad():
        for weight, mask in zip(weights, torch.split(pruned, [weight.numel() for weight in weights]), strict=True):
            weight[mask.reshape(weight.shape)] = 0
