"""Intervals against SciPy and the golden values."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from registry.statistics import clopper_pearson, mean_interval, normal_interval_from_std, student_t_quantile, wilson
from registry.statistics.intervals import incomplete_beta

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics.json"


def test_wilson_golden() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["golden"]["H.wilson95"]
    assert golden["note"] == "k=1336"
    assert wilson(1336, 2000) == pytest.approx(golden["value"], abs=1e-15)


@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.995]))
def test_clopper_pearson_equals_scipy(n: int, share: float, level: float) -> None:
    successes = round(share * n)
    expected = stats.binomtest(successes, n).proportion_ci(level, "exact")
    assert list(clopper_pearson(successes, n, level)) == pytest.approx([expected.low, expected.high], rel=1e-9)


def test_clopper_pearson_needs_images() -> None:
    with pytest.raises(ValueError, match="got 3 of 2"):
        clopper_pearson(3, 2)


@given(st.integers(1, 100_000), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.995]))
def test_wilson_equals_scipy(n: int, share: float, level: float) -> None:
    successes = round(share * n)
    expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_wilson_refuses_impossible_counts(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, n)


@given(st.floats(1, 10_000), st.floats(1e-6, 1 - 1e-6))
def test_student_t_quantile_equals_scipy(degrees: float, probability: float) -> None:
    assert student_t_quantile(probability, degrees) == pytest.approx(
        stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-8
    )


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_student_t_quantile_refuses_nonsense(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="probability"):
        student_t_quantile(probability, degrees)


@given(st.floats(0, 1), st.floats(0.5, 500), st.floats(0.5, 500))
def test_incomplete_beta_equals_scipy(x: float, a: float, b: float) -> None:
    assert incomplete_beta(x, a, b) == pytest.approx(float(special.betainc(a, b, x)), abs=1e-11)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=10).filter(lambda values: np.std(values) > 1e-6))
def test_an_interval_over_runs_equals_scipy(values: list[float]) -> None:
    expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert mean_interval(values) == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_one_run_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        normal_interval_from_std(0.5, 0.1, 1)
    with pytest.raises(ValueError, match="at least 2"):
        mean_interval([0.5])
