"""Bootstrap replicates against SciPy, closed forms and coverage."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from registry.statistics import (
    basic_bootstrap_interval,
    bootstrap_replicates,
    pack_replicates,
    percentile_interval,
    stratified_replicates,
    unpack_replicates,
    wilson,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics.json"


@pytest.fixture
def correct() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return (np.random.default_rng(1).random(2000) < 0.668).astype(np.float64)


def test_replicates_depend_on_the_seed_alone(correct: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    first = bootstrap_replicates(correct, 50, seed=7)
    assert np.array_equal(first, bootstrap_replicates(correct, 50, seed=7))
    assert not np.array_equal(first, bootstrap_replicates(correct, 50, seed=8))


def test_models_of_one_task_are_paired(correct: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Alone or side by side, a model gets the same resamples; equal models differ by nothing in every replicate."""
    both = bootstrap_replicates(np.stack([correct, 1 - correct], axis=1), 50, seed=7)
    alone = bootstrap_replicates(correct, 50, seed=7)
    assert np.allclose(both[:, 0], alone)
    assert np.allclose(both.sum(axis=1), 1.0)


def test_the_spread_is_that_of_the_mean(correct: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    replicates = bootstrap_replicates(correct, 4000, seed=0)
    assert replicates.std() == pytest.approx(correct.std() / np.sqrt(correct.size), rel=0.05)
    assert percentile_interval(replicates) == pytest.approx(wilson(int(correct.sum()), correct.size), abs=0.003)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=2, max_size=40), st.floats(0.01, 0.99))
def test_the_percentile_interval_is_that_of_numpy(drawn: list[float], level: float) -> None:
    expected = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    assert percentile_interval(drawn, level) == pytest.approx(expected.tolist(), rel=1e-12, abs=1e-9, nan_ok=True)


def test_the_percentile_interval_agrees_with_the_golden_bootstrap_and_scipy() -> None:
    """1336 of 2000 right, as in the golden file; SciPy draws its own resamples."""
    correct = np.arange(2000) < 1336
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["golden"]["H.bootstrap_percentile95_B2000"]["value"]
    ours = percentile_interval(bootstrap_replicates(correct, 2000, seed=3))
    theirs = stats.bootstrap((correct,), np.mean, n_resamples=2000, method="percentile", rng=3).confidence_interval
    assert ours == pytest.approx(golden, abs=0.003)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_the_basic_interval_mirrors_the_quantiles_like_scipy() -> None:
    values = np.random.default_rng(5).exponential(size=300)
    result = stats.bootstrap((values,), np.mean, n_resamples=999, method="basic", rng=1)
    ours = basic_bootstrap_interval(float(values.mean()), result.bootstrap_distribution)
    assert ours == pytest.approx((result.confidence_interval.low, result.confidence_interval.high), rel=1e-12)


def test_strata_keep_their_sizes() -> None:
    """One class has 2 images, the other 998: without strata the small one would be missing from many resamples."""
    labels = np.array([0] * 2 + [1] * 998)
    correct = np.array([1.0, 0.0] + [1.0] * 998)
    replicates = stratified_replicates(correct, labels, 2000, seed=0)
    # The small class is 0, 1/2 or 1 with probabilities 1/4, 1/2, 1/4, the large one always 1.
    values, counts = np.unique(replicates, return_counts=True)
    assert values.tolist() == [0.5, 0.75, 1.0]
    assert counts / 2000 == pytest.approx([0.25, 0.5, 0.25], abs=0.04)


def test_mean_per_class_is_not_the_mean() -> None:
    labels, correct = np.array([0, 0, 0, 1]), np.array([1.0, 1.0, 1.0, 0.0])
    assert set(stratified_replicates(correct, labels, 20, seed=0).tolist()) == {0.5}


def test_coverage_of_the_percentile_interval() -> None:
    """Over many samples of a known share, about 95 % of the intervals hold it."""
    generator = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        low, high = percentile_interval(bootstrap_replicates(generator.random(200) < 0.7, 400, seed=trial))
        held += low <= 0.7 <= high
    assert 0.90 <= held / 200 <= 0.99


def test_packing_is_little_endian_float64() -> None:
    assert pack_replicates([1.0]) == bytes.fromhex("000000000000f03f")
    assert unpack_replicates(pack_replicates([0.25, -0.0])).tolist() == [0.25, -0.0]


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        bootstrap_replicates([], seed=0)
    with pytest.raises(ValueError, match="one stratum per sample"):
        stratified_replicates([1.0, 0.0], [1], seed=0)
    with pytest.raises(ValueError, match="at least 2 replicates"):
        percentile_interval([1.0])
