"""Two models on the same images: against SciPy's binomial test and enumeration."""

import gc
from collections.abc import Iterator
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from registry.statistics import bootstrap_replicates, holm, mcnemar, paired_bootstrap_difference


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 20), st.integers(0, 20))
def test_mcnemar_equals_the_binomial_test(first: int, second: int, both: int, neither: int) -> None:
    one = [1] * first + [0] * second + [1] * both + [0] * neither
    other = [0] * first + [1] * second + [1] * both + [0] * neither
    test = mcnemar(one, other)
    assert (test.only_first, test.only_second) == (first, second)
    n = first + second
    expected = 1.0 if n == 0 else float(stats.binomtest(first, n).pvalue)
    assert test.p_exact == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("first", "second"), [(1, 0), (5, 2), (4, 4), (10, 1), (0, 7)])
def test_mid_p_counts_half_of_the_observed_table(first: int, second: int) -> None:
    """P(more extreme) + half of P(as extreme), both sides, by enumeration."""
    n = first + second
    observed = abs(first - second)
    weights = {k: comb(n, k) / 2**n for k in range(n + 1)}
    expected = sum(w for k, w in weights.items() if abs(n - 2 * k) > observed)
    expected += sum(w for k, w in weights.items() if abs(n - 2 * k) == observed) / 2
    assert mcnemar([1] * first + [0] * second, [0] * first + [1] * second).p_mid == pytest.approx(expected, abs=1e-12)


def test_large_counts_equal_the_binomial_test() -> None:
    first = np.arange(50_000) < 25_300
    expected = stats.binomtest(25_300, 50_000).pvalue
    assert mcnemar(first, ~first).p_exact == pytest.approx(expected, rel=1e-6)
    assert mcnemar(first, ~first).p_mid < expected


def test_vectors_over_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match="same images"):
        mcnemar([1, 0], [1, 0, 1])


def test_a_paired_interval_is_narrower_than_two_single_ones() -> None:
    """Two models that differ on a tenth of the images; the closed form of the paired difference's spread."""
    generator = np.random.default_rng(0)
    first = (generator.random(3000) < 0.8).astype(float)
    second = np.where(generator.random(3000) < 0.1, 1 - first, first)
    drawn = bootstrap_replicates(np.stack([first, second], axis=1), 4000, seed=1)
    low, high = paired_bootstrap_difference(first.mean(), second.mean(), drawn[:, 0], drawn[:, 1])
    half = 1.96 * (first - second).std() / np.sqrt(3000)
    assert (high - low) / 2 == pytest.approx(half, rel=0.06)
    assert half < 1.96 * np.hypot(first.std(), second.std()) / np.sqrt(3000)


def test_replicates_of_different_drawings_are_refused() -> None:
    with pytest.raises(ValueError, match="one drawing"):
        paired_bootstrap_difference(0.5, 0.5, [0.5, 0.5], [0.5])


@pytest.fixture(scope="module")
def no_collecting() -> Iterator[None]:
    """statsmodels collects garbage in each call, among all that the tests have loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)
        yield


@pytest.mark.usefixtures("no_collecting")
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_equals_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]), abs=1e-12)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 50))
def test_the_exact_test_equals_statsmodels(first: int, second: int, both: int) -> None:
    ours = mcnemar([1] * first + [0] * second + [1] * both, [0] * first + [1] * second + [1] * both)
    theirs = statsmodels_mcnemar([[both, first], [second, 0]], exact=True)
    assert ours.p_exact == pytest.approx(float(theirs.pvalue), abs=1e-10)
