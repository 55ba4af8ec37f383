"""The probe against scikit-learn's solver of the same problem."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from benchmark import logistic, probe
from benchmark.errors import NotConvergedError
from benchmark.logistic import Solution

PENALTIES = (1.0, 0.1, 0.01, 0.001, 0.0001)


@pytest.fixture(scope="module")
def problem() -> tuple[Tensor, Tensor]:
    """Overlapping classes in correlated features, and one feature that never varies."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 300)
    features = rng.normal(size=(300, 12)) @ rng.normal(size=(12, 12)) + 1.5 * rng.normal(size=(4, 12))[labels]
    features[:, 3] = 2.0
    return torch.tensor(features), torch.tensor(labels)


def _sklearn_head(features: Tensor, labels: Tensor, penalty: float) -> Solution:
    solver = LogisticRegression(C=1 / (len(labels) * penalty), max_iter=100_000, tol=1e-12)
    solver.fit(features.numpy(), labels.numpy())
    return Solution(torch.tensor(solver.coef_), torch.tensor(solver.intercept_), 0.0, 0.0)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_objective_is_that_of_a_converged_independent_solver(
    problem: tuple[Tensor, Tensor], penalty: float
) -> None:
    features, labels = problem[0] - problem[0].mean(0), problem[1]
    ours = probe.objective(probe.fit(features, labels, 4, penalty), features, labels, penalty)
    theirs = probe.objective(_sklearn_head(features, labels, penalty), features, labels, penalty)
    assert float(ours) == pytest.approx(float(theirs), abs=1e-6)


def test_a_path_gives_the_same_heads_as_cold_starts(problem: tuple[Tensor, Tensor]) -> None:
    features, labels = probe.standardiser(problem[0]).apply(problem[0]), problem[1]
    for penalty, head in zip(PENALTIES, probe.path(features, labels, 4, PENALTIES), strict=True):
        cold = probe.fit(features, labels, 4, penalty)
        assert torch.allclose(head.logits(features), cold.logits(features), atol=1e-2)
        warm_loss = probe.objective(head, features, labels, penalty)
        assert float(warm_loss) == pytest.approx(float(probe.objective(cold, features, labels, penalty)), abs=1e-8)


def test_the_gradient_vanishes_at_the_solution(problem: tuple[Tensor, Tensor]) -> None:
    features, labels = probe.standardiser(problem[0]).apply(problem[0]), problem[1]
    head = probe.fit(features, labels, 4, 0.01)
    weight, bias = (tensor.clone().requires_grad_() for tensor in (head.weight, head.bias))
    torch.autograd.backward(probe.objective(head._replace(weight=weight, bias=bias), features, labels, 0.01))
    for tensor in (weight, bias):
        assert tensor.grad is not None
        assert float(tensor.grad.abs().max()) < 1e-5


def test_standardising_equals_scikit_learn(problem: tuple[Tensor, Tensor]) -> None:
    expected = StandardScaler().fit_transform(problem[0].numpy())
    found = probe.standardiser(problem[0]).apply(problem[0])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
    assert (found[:, 3] == 0).all()


def test_rows_that_were_not_fitted_are_moved_by_the_fitted_numbers(problem: tuple[Tensor, Tensor]) -> None:
    fitted = probe.standardiser(problem[0][:100])
    expected = StandardScaler().fit(problem[0][:100].numpy()).transform(problem[0][100:].numpy())
    np.testing.assert_allclose(fitted.apply(problem[0][100:]).numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_predictions_do_not_depend_on_the_scale_of_the_features(problem: tuple[Tensor, Tensor], scale: float) -> None:
    features, labels = problem

    def logits(x: Tensor) -> Tensor:
        x = probe.standardiser(x).apply(x)
        return probe.fit(x, labels, 4, 0.01).logits(x)

    assert torch.allclose(logits(features), logits(features * scale), atol=1e-4)


@pytest.mark.parametrize("penalty", [0.0, -1.0])
def test_a_penalty_must_be_positive(problem: tuple[Tensor, Tensor], penalty: float) -> None:
    with pytest.raises(ValueError, match="positive penalty"):
        probe.fit(*problem, 4, penalty)


def test_rounding_is_no_feature() -> None:
    constant = 0.3 * (1 + 1e-7 * torch.randn(50, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    found = probe.standardiser(constant).apply(constant)
    assert float(found.abs().max()) < 1e-6


def test_a_probe_that_is_not_solved_is_an_error(
    problem: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logistic, "_NEWTON_STEPS", 2)
    with pytest.raises(NotConvergedError, match="penalty 0.0001 on 300 rows is not solved"):
        probe.fit(*problem, 4, 0.0001)
