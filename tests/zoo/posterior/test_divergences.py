"""Divergences against torch.distributions, Monte Carlo, numeric integration and the authors' priors."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import laplace, norm
from torch.distributions import Normal, kl_divergence

from zoo.posterior.deviations import PARAMETRISATIONS, of_rho, rho_of
from zoo.posterior.divergences import from_gaussian, from_laplace, from_log_uniform, from_mixture, log_alpha

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "bayesian.json").read_text())["priors"]
MEAN = torch.tensor([0.0, 0.001, -0.05, 0.3, -2.0], dtype=torch.float64)
DEVIATION = torch.tensor([0.5, 0.01, 0.02, 1.0, 0.1], dtype=torch.float64)
ENTROPY = 0.5 * np.log(2 * np.pi * np.e)


def test_closed_forms_equal_those_of_torch_and_of_integration() -> None:
    expected = kl_divergence(Normal(MEAN, DEVIATION), Normal(0.0, 0.1))
    torch.testing.assert_close(from_gaussian(MEAN, DEVIATION, 0.1), expected)
    prior = laplace(scale=0.3)
    for mean, deviation, found in zip(
        MEAN.tolist(), DEVIATION.tolist(), from_laplace(MEAN, DEVIATION, 0.3), strict=True
    ):
        q = norm(mean, deviation)
        low, high = mean - 12 * deviation, mean + 12 * deviation
        points = [0.0, mean] if low < 0 < high else [mean]
        integral, _ = quad(
            lambda x, q=q: q.pdf(x) * (q.logpdf(x) - prior.logpdf(x)), low, high, points=points, limit=400
        )
        assert float(found) == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize("prior", ["gaussian", "laplace", "mixture"])
def test_divergences_equal_monte_carlo(prior: str) -> None:
    noise = np.random.default_rng(0).standard_normal((100_000, 5))
    q = norm(MEAN.numpy(), DEVIATION.numpy())
    draws = MEAN.numpy() + DEVIATION.numpy() * noise
    log_prior = {
        "gaussian": norm(0.0, 0.1).logpdf,
        "laplace": laplace(scale=0.3).logpdf,
        "mixture": lambda x: np.log(0.25 * norm(0.0, 1.0).pdf(x) + 0.75 * norm(0.0, 0.01).pdf(x)),
    }[prior]
    each = q.logpdf(draws) - log_prior(draws)
    if prior == "mixture":
        means, deviations = MEAN.expand(len(noise), 5), DEVIATION.expand(len(noise), 5)
        found = from_mixture(means, deviations, torch.from_numpy(noise), (1.0, 0.01), 0.25).mean(0)
    else:
        closed, scale = (from_gaussian, 0.1) if prior == "gaussian" else (from_laplace, 0.3)
        found = closed(MEAN, DEVIATION, scale)
    # Where draws are shared, what differs is log q at them from its mean, whose deviation is 1/√2 nats.
    error = np.maximum(each.std(axis=0), 0.5**0.5) / len(noise) ** 0.5
    assert (np.abs(found.numpy() - each.mean(axis=0)) <= 5 * error).all()


def test_priors_equal_the_authors() -> None:
    """A point mass would be the log prior itself: take the entropy of a narrow q off again."""
    x = torch.tensor(GOLDEN["x"], dtype=torch.float64)
    narrow = torch.full_like(x, 1e-12)
    entropy = ENTROPY + float(np.log(1e-12))
    mixture = from_mixture(x, narrow, torch.zeros_like(x), (1.0, 0.0025), 0.5)
    for name, found in (
        ("gaussian", from_gaussian(x, narrow, 0.1)),
        ("laplace", from_laplace(x, narrow, 0.3)),
        ("mixture", mixture),
    ):
        torch.testing.assert_close(
            -(found + entropy), torch.tensor(GOLDEN[name], dtype=torch.float64), rtol=1e-6, atol=1e-8
        )


def test_far_out_the_mixture_is_finite_where_the_authors_is_not() -> None:
    """GMMPrior takes the logarithm of a sum of densities, which are 0 in floating point fifty deviations out."""
    far = torch.tensor([5.0], requires_grad=True)
    found = from_mixture(far, torch.tensor([0.1]), torch.zeros(1), (0.1, 0.0025), 0.5)
    torch.autograd.backward(found.sum())
    assert found.isfinite().all()
    assert far.grad is not None
    assert far.grad.item() == pytest.approx(5.0 / 0.1**2, rel=1e-4)


def exact_dropout_divergence(alpha: float) -> float:
    """E log|1 + √α ε| - ½ log α, by integration: the divergence from the log-uniform prior up to a constant."""
    root = np.sqrt(alpha)

    def integrand(e: float) -> float:
        return float(np.exp(-(e**2) / 2) / np.sqrt(2 * np.pi) * np.log(abs(1 + root * e)))

    edges = sorted({-12.0, max(-12.0, -1.0 / float(root)), 12.0})  # the logarithm has a pole where the weight is 0
    parts = [quad(integrand, low, high, limit=500)[0] for low, high in pairwise(edges)]
    return float(sum(parts) - 0.5 * np.log(alpha))


def test_the_fit_of_variational_dropout_is_within_a_hundredth_of_a_nat() -> None:
    grid = np.linspace(-8.0, 8.0, 33)
    constant = exact_dropout_divergence(np.exp(25.0))
    assert constant == pytest.approx(-0.6352, abs=1e-3)
    exact = np.array([exact_dropout_divergence(np.exp(a)) for a in grid]) - constant
    fit = from_log_uniform(torch.from_numpy(grid)).numpy()
    error = np.abs(fit - exact).max()
    assert 0.001 < error < 0.011, error
    assert (np.diff(fit) < 0).all()


def test_log_alpha_is_clipped_where_weights_vanish_and_has_no_infinite_gradient() -> None:
    weight = torch.tensor([0.0, 1e-9, 1.0, 10.0], requires_grad=True)
    found = log_alpha(weight, torch.full((4,), -4.0))
    assert found.tolist() == pytest.approx([8.0, 8.0, -4.0, -8.60517], abs=1e-5)
    torch.autograd.backward(found.sum())
    assert weight.grad is not None
    assert weight.grad.isfinite().all()
    assert weight.grad[3] != 0  # the authors' cut at -8 would leave it without


@pytest.mark.parametrize("parametrisation", PARAMETRISATIONS)
def test_deviations_and_their_numbers_are_inverse(parametrisation: str) -> None:
    deviation = torch.logspace(-12, 1, 60, dtype=torch.float64)
    torch.testing.assert_close(of_rho(rho_of(deviation, parametrisation), parametrisation), deviation)
