"""What the digits must show, on the mean of three seeds fixed beforehand: every method beats chance, sparsity costs."""

from pathlib import Path

import pytest

from zoo.architectures import ARCHITECTURES
from zoo.data import load_data
from zoo.make_all import make_models
from zoo.methods import METHODS
from zoo.models import load_model
from zoo.request import Request
from zoo.train import Score, evaluate

SEEDS = (0, 1, 2)
SPARSITIES = (0.90, 0.98)

Means = dict[tuple[str, float], Score]


@pytest.fixture(scope="module")
def means(tmp_path_factory: pytest.TempPathFactory) -> Means:
    """Means over the seeds of upstream test scores, by method and sparsity."""
    out = tmp_path_factory.mktemp("models")
    parents = [Request("dense", "resnet8-digits", "digits:0-4", 0.0, seed, out) for seed in SEEDS]
    children = [
        Request(name, "resnet8-digits", "digits:0-4", target, parent.seed, out, parent.path)
        for parent in parents
        for name in METHODS
        if name != "dense"
        for target in SPARSITIES
    ]
    scores: dict[tuple[str, float], list[Score]] = {}
    for made in [*make_models(parents, 2), *make_models(children, 2)]:
        scores.setdefault((made.request.method, made.request.target), []).append(score(made.path))
    return {key: mean(values) for key, values in scores.items()}


def score(path: Path) -> Score:
    preprocessing = ARCHITECTURES["resnet8-digits"].preprocessing
    return evaluate(load_model(path), load_data("digits:0-4").splits["test"], preprocessing)


def mean(scores: list[Score]) -> Score:
    assert len(scores) == len(SEEDS)
    return Score(sum(entry.top1 for entry in scores) / len(scores), sum(entry.nll for entry in scores) / len(scores))


@pytest.mark.slow
def test_every_method_that_looks_at_training_is_above_static_random_at_98_percent(means: Means) -> None:
    blind = ("dense", "random", "at initialisation")
    others = {name: means[name, 0.98].top1 for name, kind in METHODS.items() if kind.facts.family not in blind}
    assert min(others.values()) > means["random", 0.98].top1, others


@pytest.mark.slow
def test_nll_rises_from_90_to_98_percent(means: Means) -> None:
    for name in METHODS:
        if name != "dense":
            assert means[name, 0.98].nll > means[name, 0.90].nll, name


@pytest.mark.slow
def test_dense_parents_are_good(means: Means) -> None:
    assert means["dense", 0.0].top1 > 0.99
