"""A user's images in miniature: three colours, told apart by any network, and networks that were pruned untrained."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.folder import ModelFolder, write_folder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.torch_io import tensors_of
from zoo.flops import positions
from zoo.masks import count_for, keep_top_global
from zoo.models import build
from zoo.prunable import prunable_parameters

ARCHITECTURE = "resnet20-cifar"
COLOURS = {"blue": (40, 60, 200), "green": (40, 190, 60), "red": (200, 50, 40)}


def write_colours(folder: Path, count: int = 10, seed: int = 0, noise: int = 60) -> Path:
    """``count`` noisy squares of each colour as PNG, sizes differing."""
    draw = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            size = int(draw.integers(24, 40))
            pixels = np.array(colour) + draw.integers(-noise, noise + 1, (size, size, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


def write_pair(folder: Path, sparsity: float = 0.8) -> tuple[ModelFolder, ModelFolder]:
    """A dense network and the same one pruned by magnitude, both untrained, side by side."""
    model = build(ARCHITECTURE, 4, seed=0)
    dense = _write(folder, model, 0.0, None)
    weights = prunable_parameters(model)
    scores = {name: weight.detach().abs() for name, weight in weights.items()}
    kept = keep_top_global(scores, count_for(sparsity, sum(score.numel() for score in scores.values())))
    with torch.no_grad():
        for name, weight in weights.items():
            weight.mul_(kept[name])
    return dense, _write(folder, model, sparsity, dense)


def _write(folder: Path, model: torch.nn.Module, sparsity: float, parent: ModelFolder | None) -> ModelFolder:
    entry, method = ARCHITECTURES[ARCHITECTURE], "dense" if parent is None else "magnitude"
    config = ModelConfig(
        architecture=ARCHITECTURE,
        num_classes=4,
        class_names=(),
        preprocessing=entry.preprocessing,
        classifier=entry.classifier,
        timm_name=entry.timm_name,
        positions=positions(model, entry.preprocessing.input_size),
    )
    slug = f"{method}/{ARCHITECTURE}/{sparsity:.2f}"
    provenance = Provenance(
        slug=slug,
        title=slug,
        method=method,
        family=method,
        architecture=ARCHITECTURE,
        sparsity_target=sparsity,
        parent=None if parent is None else parent.provenance.slug,
        parent_hash=None if parent is None else measure(parent.weights).densified_hash,
        data="noise",
        data_sha256=None,
        epochs=0,
        config_hash="0" * 64,
        code_version="0",
        licence="Apache-2.0",
    )
    return write_folder(folder / slug.replace("/", "-"), tensors_of(model), config, provenance)
