"""The solver against scikit-learn's and scipy's on hard problems: no objective is above theirs by more than 1e-4."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from benchmark import logistic
from benchmark.logistic import Problem, Solution, conjugate_gradients, principal_axes

Data = tuple[np.ndarray, np.ndarray]
PENALTIES = (1.0, 0.01, 1e-4)


def _random(n: int, d: int, k: int, apart: float) -> Data:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(n) % k)
    return rng.normal(size=(n, d)) + apart * rng.normal(size=(k, d))[labels], labels


def _overlapping() -> Data:
    x, y = _random(200, 8, 4, 0.7)
    return x @ np.random.default_rng(1).normal(size=(8, 8)), y


def _rank_deficient() -> Data:
    x, y = _overlapping()
    return np.concatenate([x, x @ np.ones((8, 3)), np.ones((len(x), 2))], axis=1), y


def _wild() -> Data:
    x, y = _random(150, 12, 3, 0.3)
    return x * 10.0 ** np.linspace(-4, 2, 12), y


def _digits() -> Data:
    found = load_digits()
    return found.data[:500] / 16.0, found.target[:500]


PROBLEMS: dict[str, Callable[[], Data]] = {
    "overlapping": _overlapping,
    "rank deficient": _rank_deficient,
    "separable": lambda: _random(120, 10, 4, 4.0),
    "wildly scaled": _wild,
    "fewer rows than features": lambda: _random(40, 120, 5, 0.5),
    "100 classes": lambda: _random(300, 12, 100, 1.5),
    "digits": _digits,
}


def _objective(weight: np.ndarray, bias: np.ndarray, data: Data, penalty: float) -> float:
    x, y = data
    logits = x @ weight.T + bias
    largest = logits.max(axis=1, keepdims=True)
    logs = logits - largest - np.log(np.exp(logits - largest).sum(axis=1, keepdims=True))
    return float(-logs[np.arange(len(y)), y].mean() + penalty / 2 * (weight**2).sum())


def _ours(data: Data, penalties: tuple[float, ...] = PENALTIES) -> list[Solution]:
    problem, found = Problem(torch.tensor(data[0]), torch.tensor(data[1]), int(data[1].max()) + 1), list[Solution]()
    for penalty in penalties:
        found.append(problem.solve(penalty, found[-1] if found else None))
    return found


@pytest.mark.parametrize("name", PROBLEMS)
def test_no_objective_is_above_a_converged_solver_of_others(name: str) -> None:
    data = PROBLEMS[name]()
    for penalty, solution in zip(PENALTIES, _ours(data), strict=True):
        ours = _objective(solution.weight.numpy(), solution.bias.numpy(), data, penalty)
        assert ours == pytest.approx(solution.objective, rel=1e-9)
        assert 0 <= solution.gap <= 1e-6 * ours
        small = solution.weight.numel() <= 500  # their Newton's builds the whole Hessian
        method, tolerance = ("newton-cholesky", 1e-8) if small else ("lbfgs", 1e-5)
        solver = LogisticRegression(C=1 / (len(data[1]) * penalty), max_iter=400, tol=tolerance, solver=method)
        solver.fit(*data)
        theirs = _objective(solver.coef_, solver.intercept_, data, penalty)
        assert ours - theirs <= 1e-4 * theirs
        assert theirs >= ours - solution.gap - 1e-12, "the gap is a certificate: nobody gets below"


def test_scipy_finds_the_same_minimum() -> None:
    data = _overlapping()
    (solution,) = _ours(data, (0.01,))

    def flat(values: np.ndarray) -> float:
        head = values.reshape(4, 9)
        return _objective(head[:, :-1], head[:, -1], data, 0.01)

    found = minimize(flat, np.zeros(36), method="BFGS")
    assert solution.objective == pytest.approx(found.fun, rel=1e-6)
    np.testing.assert_allclose(solution.weight.numpy(), found.x.reshape(4, 9)[:, :-1], atol=5e-3)


def test_cold_and_warm_starts_and_single_precision_end_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _digits()
    warm, (cold,) = _ours(data)[-1], _ours(data, PENALTIES[-1:])
    monkeypatch.setattr(logistic, "_PRODUCTS", 0)  # double precision from the first product on
    (double,) = _ours(data, PENALTIES[-1:])
    x = torch.tensor(data[0])
    for other in (cold, double):
        assert other.objective == pytest.approx(warm.objective, rel=2e-6)
        torch.testing.assert_close(other.logits(x), warm.logits(x), atol=0.02, rtol=0)


def test_axes_are_orthonormal_and_of_few_rows_those_that_they_span() -> None:
    for n, rank in ((50, 20), (7, 6)):
        rows = torch.randn(n, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        axes = principal_axes(rows - rows.mean(0))
        assert axes.shape == (20, rank)
        torch.testing.assert_close(axes.T @ axes, torch.eye(rank, dtype=torch.float64))


def test_conjugate_gradients_solve_a_system_and_say_when_they_did_not() -> None:
    matrix = torch.diag(torch.arange(1.0, 7.0, dtype=torch.float64)) + 0.1
    wanted = torch.ones(6, 1, dtype=torch.float64)
    found, reached = conjugate_gradients(lambda v: matrix @ v, wanted, torch.ones_like(wanted), 1e-10, 20)
    assert reached
    torch.testing.assert_close(matrix @ found, wanted)
    assert not conjugate_gradients(lambda v: matrix @ v, wanted, torch.ones_like(wanted), 1e-10, 1)[1]
