"""The one temperature with the least negative log-likelihood."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_inputs import Floats, Ints, random_logits, set_a
from scipy.optimize import minimize_scalar
from torch import tensor
from torch.nn.functional import cross_entropy

from benchmark.errors import LogitsError
from benchmark.logits import Logits
from benchmark.temperature import COLDEST, HOTTEST, fit_temperature


def nll(logits: Floats, labels: Ints, temperature: float) -> float:
    return float(cross_entropy(tensor(logits / temperature), tensor(labels)))


@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.05, 0.7, 1.0, 4.0, 40.0]))
def test_a_bounded_search_finds_the_same(seed: int, scale: float) -> None:
    logits, labels = random_logits(150, 4, seed, scale)
    fit = fit_temperature(Logits(logits), labels)
    found = minimize_scalar(
        lambda x: nll(logits, labels, np.exp(x)), bounds=(-5, 5), method="bounded", options={"xatol": 1e-9}
    )
    assert not fit.at_bound
    assert fit.usable == fit.temperature == pytest.approx(float(np.exp(found.x)), rel=1e-5)
    assert fit.nll_after <= found.fun + 1e-12
    assert fit.nll_before == pytest.approx(nll(logits, labels, 1.0))
    assert fit.n == 150


def test_nothing_fits_better_than_the_fit() -> None:
    logits, labels = set_a()
    fit = fit_temperature(Logits(logits), labels)
    for factor in (1 - 1e-4, 1 + 1e-4):
        assert nll(logits, labels, fit.temperature * factor) > fit.nll_after


def test_scaling_the_logits_scales_the_temperature() -> None:
    logits, labels = set_a()
    one, five = fit_temperature(Logits(logits), labels), fit_temperature(Logits(logits * 5), labels)
    assert five.temperature == pytest.approx(5 * one.temperature, rel=1e-10)
    assert five.nll_after == pytest.approx(one.nll_after, rel=1e-12)


@pytest.mark.parametrize(("sign", "bound"), [(1.0, COLDEST), (-1.0, HOTTEST)])
def test_without_a_mistake_or_without_a_hit_there_is_no_optimum(sign: float, bound: float) -> None:
    fit = fit_temperature(Logits(sign * np.eye(3) * 4), np.arange(3))
    assert fit.at_bound
    assert fit.usable is None
    assert fit.temperature == pytest.approx(bound)


def test_logits_that_say_nothing_have_no_temperature() -> None:
    assert fit_temperature(Logits(np.zeros((4, 3))), np.array([0, 1, 2, 0])).usable is None


def test_labels_must_fit() -> None:
    with pytest.raises(LogitsError, match="between 0 and 2"):
        fit_temperature(Logits(np.zeros((2, 3))), np.array([0, 3]))
