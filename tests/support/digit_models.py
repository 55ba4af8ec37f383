"""Real model folders in a second: a small residual network trained on the digits 0-4, then pruned in one shot."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
from torch import nn

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ModelConfig, Provenance
from zoo.checkpoint.folder import ModelFolder, write_folder
from zoo.checkpoint.posterior_file import Deviations, write_posterior
from zoo.checkpoint.safetensors_file import to_numpy
from zoo.checkpoint.torch_io import tensors_of
from zoo.checkpoint.weights import read_weights
from zoo.data import load_data
from zoo.flops import positions
from zoo.masks import count_for, keep_top_global, zero_pruned
from zoo.methods import METHODS
from zoo.models import build, load_model
from zoo.prunable import prunable_parameters
from zoo.train import TrainConfig, train

ARCHITECTURE = "resnet8-digits"


def write_digit_models(
    folder: Path, sparsities: Sequence[float], *, seed: int = 0, epochs: int = 4
) -> tuple[ModelFolder, ...]:
    """Train once, and write the network pruned by magnitude to each sparsity, without training on."""
    data = load_data("digits:0-4")
    model = build(ARCHITECTURE, 5, seed)
    config = TrainConfig(epochs=epochs, batch_size=32, learning_rate=0.05, seed=seed)
    preprocessing = ARCHITECTURES[ARCHITECTURE].preprocessing
    train(model, data.splits["train"], config, preprocessing=preprocessing, method=METHODS["dense"](), target=0.0)
    return tuple(_write(folder / f"{sparsity:.2f}-s{seed}", deepcopy(model), sparsity, seed) for sparsity in sparsities)


def write_deviations(model: ModelFolder, ratio: float) -> None:
    """Give a model a posterior: every deviation is ``ratio`` of its weight."""
    tensors = read_weights(model.weights)
    values = {tensor.name: np.abs(to_numpy(tensor)) * ratio for tensor in tensors if tensor.name.endswith("weight")}
    prunable = {name: values[name] for name in prunable_parameters(load_model(model.path))}
    write_posterior(model.path, tensors, Deviations("mean-field", 450, prunable), "bayes-by-backprop")


def _write(path: Path, model: nn.Module, sparsity: float, seed: int) -> ModelFolder:
    entry, data = ARCHITECTURES[ARCHITECTURE], load_data("digits:0-4")
    weights = prunable_parameters(model)
    scores = {name: weight.detach().abs() for name, weight in weights.items()}
    kept = keep_top_global(scores, count_for(sparsity, sum(score.numel() for score in scores.values())))
    for name, weight in weights.items():
        zero_pruned(weight, ~kept[name], None)
    method = "dense" if sparsity == 0 else "gmp"
    slug = f"{method}/{ARCHITECTURE}/{sparsity:.2f}-s{seed}"
    return write_folder(
        path,
        tensors_of(model),
        ModelConfig(
            architecture=ARCHITECTURE,
            num_classes=5,
            class_names=data.class_names,
            preprocessing=entry.preprocessing,
            classifier=entry.classifier,
            timm_name=entry.timm_name,
            positions=positions(model, entry.preprocessing.input_size),
        ),
        Provenance(
            slug=slug,
            title=slug,
            method=method,
            family="magnitude" if sparsity else "dense",
            architecture=ARCHITECTURE,
            sparsity_target=sparsity,
            replicate=seed,
            parent=None if sparsity == 0 else f"dense/{ARCHITECTURE}/0.00-s{seed}",
            data="digits:0-4",
            data_sha256=data.sha256,
            epochs=4,
            config_hash="0" * 64,
            code_version="0",
            licence="Apache-2.0",
        ),
    )
