"""One run on the digits: trained, pruned, tested."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.evidence.run_key import ARCHITECTURES as ARCHITECTURES_USED
from tests.evidence.run_key import DIGITS, RunKey
from zoo.architectures import ARCHITECTURES
from zoo.data import load_data
from zoo.methods import METHODS
from zoo.models import build
from zoo.patterns import parse_pattern
from zoo.prunable import prunable_parameters
from zoo.train import evaluate, train

DATA = "digits:0-9"
CLASSES = 10


def digits_run(key: RunKey, parents: Path) -> dict[str, Any]:
    """Top-1 on the test split (fraction) and the sparsity that the weights show; dense parents are kept in a folder."""
    data, preprocessing = load_data(DATA), ARCHITECTURES[key.architecture].preprocessing
    model, recipe = build(key.architecture, CLASSES, key.seed), key.recipe
    if METHODS[key.method].facts.starts_from == "dense parent":
        model.load_state_dict(torch.load(parent_file(key, parents), weights_only=True))
    train(
        model,
        data.splits["train"],
        recipe.train,
        preprocessing=preprocessing,
        method=recipe.method,
        target=key.target,
        pattern=parse_pattern(key.pattern),
    )
    if key.method == "dense":
        parents.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), parent_file(key, parents))
    return {"top1": evaluate(model, data.splits["test"], preprocessing).top1, "sparsity": shown_sparsity(model)}


def warm_up() -> None:
    """Load what every run needs, and meet every kind of layer once: what a process does here its forks need not."""
    split = load_data(DATA).splits["validation"]
    for name in ARCHITECTURES_USED:
        model, preprocessing = build(name, CLASSES, 0), ARCHITECTURES[name].preprocessing
        recipe = RunKey(DIGITS, name, "dense", 0.0, 0).recipe
        config = replace(recipe.train, epochs=1)
        train(model, split, config, preprocessing=preprocessing, method=recipe.method, target=0.0)


def parent_file(key: RunKey, parents: Path) -> Path:
    """Where the dense network of the same architecture and seed lies."""
    return parents / f"{key.parent.id}.pt"


def shown_sparsity(model: nn.Module) -> float:
    """Fraction of zeros in the prunable weights."""
    weights = prunable_parameters(model).values()
    return sum(int((weight == 0).sum()) for weight in weights) / sum(weight.numel() for weight in weights)
