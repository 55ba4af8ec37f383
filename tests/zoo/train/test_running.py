"""The training loop: deterministic, honest about its cost, clear when it fails."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from pruning_runs import differing, state_of
from torch import nn

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import Preprocessing
from zoo.data import Split, load_data
from zoo.errors import TrainingDivergedError
from zoo.flops import forward_flops, positions
from zoo.methods import METHODS, Method
from zoo.methods.random_static import RandomConfig
from zoo.models import build
from zoo.train import TrainConfig, TrainResult, evaluate, train

PREPROCESSING = ARCHITECTURES["resnet8-digits"].preprocessing
QUICK = TrainConfig(epochs=1, learning_rate=0.1)


@pytest.fixture(scope="module")
def split() -> Split:
    return load_data("digits:0-4").splits["train"]


def run(
    split: Split, config: TrainConfig = QUICK, method: Method | None = None, target: float = 0.0
) -> tuple[nn.Module, TrainResult]:
    model = build("resnet8-digits", 5, seed=config.seed)
    chosen = method or METHODS["dense"]()
    return model, train(model, split, config, preprocessing=PREPROCESSING, method=chosen, target=target)


def test_a_seed_fixes_every_bit_whatever_the_number_of_threads(split: Split) -> None:
    threads = torch.get_num_threads()
    ends = []
    for count in (1, 2):
        torch.set_num_threads(count)
        ends.append(state_of(run(split)[0]))
        assert torch.get_num_threads() == count
    torch.set_num_threads(threads)
    assert differing(*ends) == []
    other = run(split, replace(QUICK, seed=1))[0]
    assert "conv1.weight" in differing(ends[0], state_of(other))


def test_training_learns(split: Split) -> None:
    model, result = run(split, TrainConfig(epochs=6, learning_rate=0.2))
    losses = [epoch.loss for epoch in result.history]
    assert len(losses) == 6
    assert losses[-1] < 0.5 * losses[0]
    assert evaluate(model, load_data("digits:0-4").splits["validation"], PREPROCESSING).top1 > 0.8


def test_history_shows_the_sparsity_rise_to_the_target(split: Split) -> None:
    _, result = run(split, replace(QUICK, epochs=3), METHODS["gmp"](), 0.9)
    sparsities = [epoch.sparsity for epoch in result.history]
    assert sparsities == sorted(sparsities)
    assert sparsities[-1] == pytest.approx(0.9, abs=1e-4)


def test_cost_of_a_fixed_mask_is_three_sparse_passes_a_step(split: Split) -> None:
    model, result = run(split, QUICK, METHODS["random"](), 0.9)
    kept = {name: int((weight != 0).sum()) for name, weight in model.named_parameters()}
    used = positions(model, (1, 8, 8))
    assert result.steps == len(split) // 64 == 7
    assert result.flops == 7 * 64 * 3 * forward_flops({f"{name}.weight": kept[f"{name}.weight"] for name in used}, used)


@pytest.mark.parametrize(
    ("name", "config", "dense_steps"),
    [
        ("rigl", {"interval": 3, "end": 1.0}, 2),  # exchanges at steps 3 and 6 of 7, counted from 0
        ("rigl", {"interval": 3, "end": 1.0, "accumulation": 2}, 4),
        ("itop", {"interval": 3, "allocation": "erk"}, 2),
        ("itop", {"interval": 3, "allocation": "erk", "growth": "random"}, 0),
        ("set", {"interval": 3}, 0),
    ],
)
def test_growth_by_gradient_costs_dense_gradients(
    split: Split, name: str, config: dict[str, Any], dense_steps: int
) -> None:
    static = run(split, QUICK, METHODS["random"](), 0.9)[1].flops
    model, result = run(split, QUICK, METHODS[name](METHODS[name].config_type(**config)), 0.9)
    dense = dense_flops(model)
    assert result.flops == static + dense_steps * 64 * (dense - static // (7 * 64 * 3))


def test_momenta_of_pruned_weights_cost_a_dense_gradient_a_step(split: Split) -> None:
    static = run(split, QUICK, METHODS["random"](RandomConfig(allocation="uniform")), 0.9)[1].flops
    model, result = run(split, QUICK, METHODS["snfs"](), 0.9)  # no exchange in seven steps
    assert result.flops == static * 2 // 3 + 7 * 64 * dense_flops(model)


def test_weights_that_learn_unseen_cost_their_gradients(split: Split) -> None:
    static = run(split, QUICK, METHODS["random"](RandomConfig(allocation="uniform")), 0.9)[1].flops
    model, result = run(split, QUICK, METHODS["top-kast"](), 0.9)  # 10 % compute, 40 % learn
    assert result.flops == pytest.approx(static * 2 // 3 + 7 * 64 * 0.4 * dense_flops(model), rel=1e-3)


def dense_flops(model: nn.Module) -> int:
    used = positions(model, (1, 8, 8))
    return forward_flops({f"{name}.weight": model.get_parameter(f"{name}.weight").numel() for name in used}, used)


def test_a_loss_that_is_no_number_is_one_clear_error(split: Split) -> None:
    with pytest.raises(TrainingDivergedError, match=r"The loss is (nan|inf) after step 7 of 7.\nLower the learning"):
        run(split, TrainConfig(epochs=1, learning_rate=1e30, momentum=0.0))


def test_label_smoothing_lowers_the_confidence_that_training_rewards(split: Split) -> None:
    plain, smooth = (run(split, replace(QUICK, label_smoothing=value))[1].history[0].loss for value in (0.0, 0.2))
    assert plain != smooth


class Fixed(nn.Module):
    """Logits that are the pixels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


def test_evaluation_equals_arithmetic_in_numpy() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (300, 1, 4, 1), dtype=np.uint8)
    labels = rng.integers(0, 4, 300)
    model = Fixed().train()
    preprocessing = Preprocessing((1, 1, 4), (0.0,), (0.1,), "nearest", 1.0)
    score = evaluate(model, Split(images, labels, tuple(map(str, range(300)))), preprocessing)
    logits = images.reshape(300, 4) / 25.5
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert score.top1 == np.mean(logits.argmax(axis=1) == labels)
    assert score.nll == pytest.approx(-np.mean(log_probabilities[np.arange(300), labels]), rel=1e-5)
    assert model.training


@pytest.fixture(autouse=True)
def no_global_randomness() -> Iterator[None]:
    """Nothing here may draw from torch's global generator."""
    before = torch.get_rng_state()
    yield
    assert torch.equal(before, torch.get_rng_state())
