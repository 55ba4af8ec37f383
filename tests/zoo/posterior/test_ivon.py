"""IVON against the authors' package, the posterior of ridge regression, and its failures."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from zoo.core.errors import UsageError
from zoo.posterior.ivon import IVON, next_hessian

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "bayesian.json").read_text())["ivon"]
CURVATURE, OPTIMUM = torch.tensor(GOLDEN["curvature"]), torch.tensor(GOLDEN["optimum"])
SETTINGS: dict[str, Any] = {
    "samples": 100.0,
    "weight_decay": 0.01,
    "hessian": 0.5,
    "betas": (0.9, 0.95),
    "clip_radius": 2.0,
}


def steps(weight: nn.Parameter, optimizer: IVON, generator: torch.Generator, count: int) -> None:
    for _ in range(count):
        optimizer.draw(generator)
        weight.grad = (CURVATURE * (weight.detach() - OPTIMUM)).detach()
        optimizer.restore()
        optimizer.step()


def test_six_steps_equal_those_of_the_authors_package() -> None:
    weight = nn.Parameter(torch.tensor(GOLDEN["start"]))
    optimizer = IVON([weight], 0.3, **SETTINGS)
    steps(weight, optimizer, torch.Generator().manual_seed(7), 6)
    for found, expected in (
        (weight.detach(), GOLDEN["mean"]),
        (optimizer.state[weight]["hessian"], GOLDEN["hessian"]),
        (optimizer.state[weight]["momentum"], GOLDEN["momentum"]),
    ):
        torch.testing.assert_close(found, torch.tensor(expected), rtol=2e-5, atol=1e-6)


def test_a_resumed_run_counts_its_steps_on_which_the_authors_package_forgets() -> None:
    """ivon-opt 0.1.3 keeps current_step outside of its state: a resumed run divides its momentum by 1 - β₁ again."""
    straight = nn.Parameter(torch.tensor(GOLDEN["start"]))
    optimizer, generator = IVON([straight], 0.3, **SETTINGS), torch.Generator().manual_seed(7)
    steps(straight, optimizer, generator, 3)
    resumed = nn.Parameter(straight.detach().clone())
    second, noise = IVON([resumed], 0.3, **SETTINGS), generator.clone_state()
    second.load_state_dict(deepcopy(optimizer.state_dict()))
    steps(straight, optimizer, generator, 3)
    steps(resumed, second, noise, 3)
    assert torch.equal(straight, resumed)
    forgetful = nn.Parameter(straight.detach().clone())
    third = IVON([forgetful], 0.3, **SETTINGS)
    third.load_state_dict(deepcopy(optimizer.state_dict()))
    third.state[forgetful]["step"].zero_()
    steps(forgetful, third, noise, 1)
    steps(straight, optimizer, generator, 1)
    assert not torch.equal(straight, forgetful)


def test_on_ridge_regression_mean_and_variance_are_those_of_the_posterior() -> None:
    """Orthogonal inputs: the posterior N((H + δ)⁻¹ b, 1/(N (H + δ))) is diagonal and mean-field is exact."""
    generator, samples, decay = torch.Generator().manual_seed(1), 400.0, 0.1
    curvature = torch.logspace(-0.7, 0.5, 12, dtype=torch.float64)
    linear = 0.3 * torch.randn(12, generator=generator, dtype=torch.float64)
    weight = nn.Parameter(torch.zeros(200, 12, dtype=torch.float64))  # two hundred runs at once
    optimizer = IVON([weight], 0.1, samples=samples, weight_decay=decay, hessian=1.0, betas=(0.9, 0.99))
    for _ in range(600):
        optimizer.draw(generator)
        weight.grad = curvature * weight.detach() - linear
        optimizer.restore()
        optimizer.step()
    mean, deviation = linear / (curvature + decay), (samples * (curvature + decay)).rsqrt()
    assert ((weight.detach().mean(0) - mean).abs() / deviation).max() < 0.1
    torch.testing.assert_close(optimizer.state[weight]["hessian"].mean(0), curvature, rtol=0.08, atol=0.0)
    found = optimizer.deviations()[weight].square().mean(0).sqrt()
    torch.testing.assert_close(found, deviation, rtol=0.05, atol=0.0)


def test_curvature_stays_positive_whatever_the_estimate() -> None:
    hessian = torch.full((1000,), 0.01, dtype=torch.float64)
    estimate = torch.linspace(-1e4, 1e4, 1000, dtype=torch.float64)
    for beta in (0.5, 0.9, 0.999):
        assert (next_hessian(hessian, estimate, torch.ones_like(hessian), 1.0, 1e-4, beta) > 0).all()


def test_nothing_moves_outside_of_what_is_kept_and_points_draw_nothing() -> None:
    torch.manual_seed(0)
    weight, bias = nn.Parameter(torch.randn(50)), nn.Parameter(torch.randn(3))
    groups = [{"params": [weight]}, {"params": [bias], "gaussian": False}]
    optimizer = IVON(groups, 0.1, samples=10.0, weight_decay=0.1)
    kept, before, bias_before = torch.arange(50) % 2 == 0, weight.detach().clone(), bias.detach().clone()
    optimizer.draw(torch.Generator().manual_seed(1), {weight: kept})
    assert torch.equal(weight != before, kept)
    assert torch.equal(bias, bias_before)
    optimizer.restore()
    assert torch.equal(weight, before)
    assert set(optimizer.deviations()) == {weight}


def test_at_first_a_point_is_trained_by_gradient_descent() -> None:
    point = nn.Parameter(torch.tensor([2.0]))
    optimizer = IVON([{"params": [point], "gaussian": False}], 0.1, samples=1.0, weight_decay=0.5, betas=(0.0, 0.0))
    point.grad = torch.tensor([3.0])
    optimizer.step()
    assert point.item() == pytest.approx(2.0 - 0.1 * (3.0 + 0.5 * 2.0))


@pytest.mark.parametrize(
    "wrong",
    [{"weight_decay": 0.0}, {"hessian": 0.0}, {"samples": 0.0}, {"betas": (0.9, 1.0)}, {"clip_radius": 0.0}],
    ids=str,
)
def test_settings_without_a_posterior_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="IVON"):
        IVON([nn.Parameter(torch.ones(2))], 0.1, **{**SETTINGS, **wrong})


def test_a_step_without_a_draw_and_a_closure_are_errors() -> None:
    weight = nn.Parameter(torch.ones(2))
    optimizer = IVON([weight], 0.1, **SETTINGS)
    weight.grad = torch.ones(2)
    with pytest.raises(UsageError, match="needs the draw"):
        optimizer.step()
    with pytest.raises(UsageError, match="no closure"):
        optimizer.step(lambda: 0.0)
