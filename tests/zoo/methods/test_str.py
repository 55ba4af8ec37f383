"""STR against autograd, the authors' code, the definition of a proximal map, and the decay of its thresholds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruning_runs import STEPS, start
from torch import Tensor, nn

from zoo.errors import TargetMissedError
from zoo.methods.str import SoftThreshold, STRConfig, gradients, level, soft_threshold

# utils/conv_type.py of RAIVNLab/STR @cc74d38, sparseFunction and its autograd: w, s, gradient -> w̃, dw, ds.
WEIGHT = torch.tensor([0.5, -0.1, 0.25, -2.0, 0.0, 1.0, -0.05, 0.12])
THRESHOLD = torch.tensor(-2.0)
GRADIENT = torch.tensor([1.0, 2.0, -1.0, 0.5, 3.0, -2.0, 1.5, 0.25])
VISIBLE = [0.380797, -0.0, 0.130797, -1.880797, 0.0, 0.880797, -0.0, 0.000797]
WEIGHT_GRADIENT = [1.0, 0.0, -1.0, 0.5, 0.0, -2.0, 0.0, 0.25]
THRESHOLD_GRADIENT = 0.23623555898666382


def test_value_and_gradients_equal_the_authors_code() -> None:
    assert soft_threshold(WEIGHT, THRESHOLD).tolist() == pytest.approx(VISIBLE, abs=1e-6)
    of_weight, of_threshold = gradients(WEIGHT, THRESHOLD, GRADIENT)
    assert of_weight.tolist() == pytest.approx(WEIGHT_GRADIENT)
    assert float(of_threshold) == pytest.approx(THRESHOLD_GRADIENT, rel=1e-6)


@given(st.lists(st.floats(-1.0, 1.0, width=32), min_size=1, max_size=12), st.floats(-6.0, 2.0), st.integers(0, 99))
def test_gradients_equal_autograd_through_the_formula(values: list[float], threshold: float, seed: int) -> None:
    weight = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    s = torch.tensor(threshold, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn(len(values), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.autograd.backward(weight.sign() * torch.relu(weight.abs() - torch.sigmoid(s)), gradient)
    of_weight, of_threshold = gradients(weight.detach(), s.detach(), gradient)
    torch.testing.assert_close(of_weight, weight.grad)
    torch.testing.assert_close(of_threshold, s.grad)


@pytest.mark.parametrize("weight", [-1.3, -0.2, 0.0, 0.11, 0.7])
def test_it_is_the_proximal_map_of_the_l1_norm(weight: float) -> None:
    """The minimum over x of (x - w)²/2 + σ(s)|x|, by search on a grid."""
    grid = torch.linspace(-2.0, 2.0, 400_001, dtype=torch.float64)
    cost = (grid - weight).square() / 2 + torch.sigmoid(THRESHOLD.double()) * grid.abs()
    found = soft_threshold(torch.tensor([weight], dtype=torch.float64), THRESHOLD.double())
    assert float(found) == pytest.approx(float(grid[cost.argmin()]), abs=1e-5)


@given(st.floats(0.02, 0.98), st.integers(0, 99))
def test_the_level_cuts_off_the_count_that_was_asked_for(sparsity: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = {"a": 0.2 * torch.randn(40, generator=generator), "b": 0.1 * torch.randn(7, 5, generator=generator)}
    thresholds = {"a": torch.tensor(-3.0), "b": torch.tensor(-5.0)}
    shift = level(weights, thresholds, sparsity)
    left = sum(int((soft_threshold(weights[name], thresholds[name] + shift) != 0).sum()) for name in weights)
    assert left == 75 - round(sparsity * 75)


def test_the_level_stays_where_nothing_or_everything_goes() -> None:
    weights, thresholds = {"a": torch.randn(10)}, {"a": torch.tensor(-3200.0)}
    assert level(weights, thresholds, 0.0) == level(weights, thresholds, 1.0) == 0.0


def no_gradient(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.5, weight_decay=0.1)


def test_without_steering_weight_decay_alone_raises_thresholds_that_pass_no_gradient() -> None:
    """σ'(-3200) is 0, so s shrinks by (1 - lr · decay) a step: the published way to sparsity."""
    run = start(SoftThreshold(STRConfig(steer=False, threshold_decay=0.2)), 0.5, make_optimizer=no_gradient)
    run.advance(STEPS)
    for name in run.pruner.prunable:
        assert float(run.pruner.memory[f"threshold.{name}"].detach()) == pytest.approx(-3200.0 * 0.9**STEPS, rel=1e-5)
    with pytest.raises(TargetMissedError, match=r"keeps 270 weights .* not the 135.*\nAsk for 0\.00"):
        run.finish()


def test_layers_learn_thresholds_of_their_own_and_pruned_weights_can_return() -> None:
    run = start(SoftThreshold(STRConfig(initial_threshold=-4.0, updates=4)), 0.5).advance(STEPS)
    thresholds = {float(run.pruner.memory[f"threshold.{name}"].detach()) for name in run.pruner.prunable}
    assert len(thresholds) == 3
    returned = [
        bool((after[name] & ~before[name]).any())
        for before, after in zip(run.masks, run.masks[1:], strict=False)
        for name in after
    ]
    assert any(returned)


def test_sparsity_follows_the_curve_at_every_steering() -> None:
    config = STRConfig(updates=4)
    run = start(SoftThreshold(config), 0.9).advance(STEPS)
    schedule = config.schedule(0.9, STEPS)
    for step in range(1, STEPS):
        if step % schedule.every == 0:
            kept = sum(int(mask.sum()) for mask in run.masks[step].values())
            assert abs(kept - (270 - round(270 * schedule.target(step)))) <= 1, step


def test_the_network_always_shows_the_cut_off_weights_and_the_latent_ones_differ() -> None:
    run = start(SoftThreshold(), 0.9).advance(STEPS)
    latent: dict[str, Tensor] = {name: run.pruner.memory[f"latent.{name}"] for name in run.pruner.prunable}
    for name, weight in run.pruner.prunable.items():
        threshold = run.pruner.memory[f"threshold.{name}"].detach()
        assert torch.equal(weight.detach(), soft_threshold(latent[name], threshold))
        assert int((latent[name] != 0).sum()) > int((weight != 0).sum())
    run.finish()
    assert run.pruner.holds
