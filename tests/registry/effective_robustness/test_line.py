"""The line and what exceeds it, against scipy; and where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import linregress, norm
from scipy.stats import t as student

from registry.effective_robustness import TRANSFORMS, Transform, effective_robustness, fit_line
from registry.errors import UndefinedRobustnessError

FORWARD = {"logit": logit, "probit": norm.ppf}
BACK = {"logit": expit, "probit": norm.cdf}


def points(n: int = 20, seed: int = 0) -> list[tuple[float, float]]:
    generator = np.random.default_rng(seed)
    x = generator.uniform(0.55, 0.9, n)
    return list(zip(x.tolist(), expit(0.9 * logit(x) - 0.5 + generator.normal(0, 0.05, n)).tolist(), strict=True))


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_the_fit_is_that_of_scipy(transform: Transform) -> None:
    line = fit_line(points(), transform)
    x, y = FORWARD[transform](np.array(points())).T
    theirs = linregress(x, y)
    assert (line.slope, line.intercept) == pytest.approx((theirs.slope, theirs.intercept), rel=1e-12)
    assert line.n == 20
    # At an accuracy of 1/2 both transforms are 0, and what the line does not know is the error of the intercept.
    half = student.ppf(0.975, 18) * theirs.intercept_stderr
    expected = line.expected(0.5)
    limits = BACK[transform](np.array([theirs.intercept, theirs.intercept - half, theirs.intercept + half]))
    assert expected[:3] == pytest.approx(limits, rel=1e-9)
    residual = np.sqrt(((y - theirs.slope * x - theirs.intercept) ** 2).sum() / 18)
    most = student.ppf(0.975, 18) * np.hypot(residual, theirs.intercept_stderr)
    assert expected.most == pytest.approx(BACK[transform](theirs.intercept + most), rel=1e-9)


@given(seed=st.integers(0, 500), transform=st.sampled_from(TRANSFORMS))
def test_neither_order_nor_a_model_on_the_line_changes_the_line(seed: int, transform: Transform) -> None:
    given_points = points(seed=seed)
    line = fit_line(given_points, transform)
    shuffled = [given_points[i] for i in np.random.default_rng(seed).permutation(20)]
    again = fit_line([*shuffled, (0.7, line.expected(0.7).value)], transform)
    assert (again.slope, again.intercept) == pytest.approx((line.slope, line.intercept), rel=1e-9)


def test_the_95_per_cent_of_the_line_hold_the_truth_as_often_as_they_say() -> None:
    truth = expit(0.9 * logit(0.7) - 0.5)
    held = 0
    for seed in range(400):
        expected = fit_line(points(12, seed), "logit").expected(0.7)
        held += expected.low <= truth <= expected.high
    assert 0.92 <= held / 400 <= 0.98


def test_what_exceeds_the_line_is_told_from_its_scatter() -> None:
    line = fit_line(points(), "logit")
    on_line = effective_robustness(0.7, line.expected(0.7).value, line)
    assert on_line.value == pytest.approx(0.0, abs=1e-12)
    assert on_line.low < 0 < on_line.high
    assert not on_line.beyond_scatter
    above = effective_robustness(0.7, line.expected(0.7).most + 0.01, line)
    assert above.beyond_scatter
    assert 0 < above.low < above.value < above.high


def test_beyond_the_fitted_models_it_says_so() -> None:
    line = fit_line(points(), "logit")
    assert effective_robustness(0.99, 0.9, line).extrapolated
    assert effective_robustness(0.2, 0.1, line).extrapolated
    assert not effective_robustness(0.7, 0.6, line).extrapolated


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_an_accuracy_of_zero_is_moved_by_half_an_image(transform: Transform) -> None:
    """ResNet-50 on ImageNet-A: minus infinity as a logit, 1 / 15,000 of 7,500 images."""
    line = fit_line(points(), transform)
    found = effective_robustness(0.7, 0.0, line, n_shifted=7500)
    assert found.clipped
    assert found.value == pytest.approx(1 / 15000 - line.expected(0.7).value)
    assert effective_robustness(1.0, 0.5, line, n=100).clipped
    assert not effective_robustness(0.7, 0.5, line, n=100, n_shifted=100).clipped


def test_without_the_number_of_images_it_has_none() -> None:
    line = fit_line(points(), "logit")
    with pytest.raises(UndefinedRobustnessError, match="an accuracy of 1 has no logit"):
        effective_robustness(1.0, 0.5, line)
    with pytest.raises(UndefinedRobustnessError, match="no accuracy"):
        effective_robustness(76.1, 63.2, line)


@pytest.mark.parametrize(
    ("given_points", "message"),
    [
        ([(0.7, 0.5), (0.8, 0.6)], "at least 3 models of ordinary training, there are 2"),
        ([(0.7, 0.5), (0.7, 0.6), (0.7, 0.4)], "equally accurate"),
        ([(0.7, 0.5), (0.8, 0.6), (0.76, 0.0)], "an accuracy of 0 has no logit"),
    ],
)
def test_where_there_is_no_line_it_says_why(given_points: list[tuple[float, float]], message: str) -> None:
    with pytest.raises(UndefinedRobustnessError, match=message):
        fit_line(given_points, "logit")
