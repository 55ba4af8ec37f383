"""Scores against brute force and against values of the authors' code."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zoo.scores import at_random, layer_adaptive, magnitude, sensitivity

# tools/pruners.py of jaeho-lee/layer-adaptive-sparsity (commit 94e53b1): _normalize_scores of the weights' squares.
LAMP_WEIGHTS = [0.5, -0.1, 0.25, -2.0, 0.0, 1.0, -0.75, 0.3]
LAMP_SCORES = [0.0430107, 0.0016736, 0.0104778, 0.9999999, 0.0, 0.2, 0.1011236, 0.0152478]


def brute_force(values: list[float]) -> list[float]:
    """Lee et al. 2021, equation 4; among equal weights the lower index counts as the larger."""
    shares = []
    for index, value in enumerate(values):
        key = (abs(value), -index)
        total = sum(other * other for at, other in enumerate(values) if (abs(other), -at) >= key)
        shares.append(value * value / total if total else 0.0)
    return shares


@given(st.lists(st.integers(-6, 6).map(float), min_size=1, max_size=20))
def test_lamp_equals_brute_force_with_ties_by_position(values: list[float]) -> None:
    found = layer_adaptive({"w": torch.tensor(values)})["w"]
    assert found.tolist() == pytest.approx(brute_force(values), rel=1e-12)


def test_lamp_equals_the_authors_code() -> None:
    found = layer_adaptive({"w": torch.tensor(LAMP_WEIGHTS)})["w"]
    assert found.tolist() == pytest.approx(LAMP_SCORES, abs=5e-7)


def test_lamp_gives_every_tensor_a_best_weight() -> None:
    scores = layer_adaptive({"a": torch.rand(4, 3) + 0.1, "b": 1e-6 * torch.rand(2, 2, 3, 3) + 1e-9})
    assert all(float(score.max()) == 1.0 for score in scores.values())


def test_sensitivity_is_the_gradient_of_a_gate() -> None:
    weight, gate = torch.randn(5, 3), torch.ones(5, 3, requires_grad=True)
    x = torch.randn(7, 3)
    torch.autograd.backward((x @ (gate * weight).T).tanh().square().sum())
    gated = weight.clone().requires_grad_()
    torch.autograd.backward((x @ gated.T).tanh().square().sum())
    assert gate.grad is not None
    assert gated.grad is not None
    torch.testing.assert_close(sensitivity({"w": weight}, {"w": gated.grad})["w"], gate.grad.abs())


def test_magnitude_and_chance() -> None:
    assert magnitude({"w": torch.tensor([-2.0, 1.0])})["w"].tolist() == [2.0, 1.0]
    first, again = (at_random({"w": (3, 2)}, torch.Generator().manual_seed(1))["w"] for _ in range(2))
    assert torch.equal(first, again)
    assert len(np.unique(first.numpy())) == 6
