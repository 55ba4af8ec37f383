"""Intervals over seeds: against SciPy where one source of noise is silent, and by counting how often they hold."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from registry.statistics import (
    Interval,
    basic_bootstrap_interval,
    bootstrap_replicates,
    interval_over_seeds,
    joined_interval,
    mean_interval,
    paired_interval,
    percentile_interval,
    seed_half_width,
    wilson,
)

Floats = npt.NDArray[np.float64]
runs = st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda values: np.std(values) > 1e-6)


@given(runs)
def test_without_noise_of_images_it_is_students_interval(values: list[float]) -> None:
    """SciPy's interval of a mean."""
    silent = [Interval(value, value) for value in values]
    expected = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert interval_over_seeds(values, silent) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(runs, runs)
def test_of_a_difference_it_is_welchs(first: list[float], second: list[float]) -> None:
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert seed_half_width(first, second) == pytest.approx((high - low) / 2, rel=1e-6)


def test_seeds_that_agree_leave_the_noise_of_the_images() -> None:
    """Five seeds that err on the same images are one seed: their interval must not shrink."""
    one = wilson(400, 500)
    assert interval_over_seeds([0.8] * 5, [one] * 5) == pytest.approx(one)


def test_one_seed_is_its_own_interval() -> None:
    assert interval_over_seeds([0.8], [wilson(400, 500)]) == pytest.approx(wilson(400, 500))
    assert seed_half_width([0.8], [0.7]) == 0.0


def test_a_skewed_interval_stays_skewed() -> None:
    low, high = joined_interval(0.98, Interval(0.95, 0.99), 0.01)
    assert 0.98 - low == pytest.approx(np.hypot(0.03, 0.01))
    assert high - 0.98 == pytest.approx(np.hypot(0.01, 0.01))


def test_a_pair_with_one_seed_each_is_the_paired_bootstrap() -> None:
    generator = np.random.default_rng(0)
    both = (generator.random((300, 2)) < 0.8).astype(float)
    drawn = bootstrap_replicates(both, 500, seed=1).T
    first, second = both.mean(axis=0)
    expected = basic_bootstrap_interval(first - second, drawn[0] - drawn[1])
    assert paired_interval([first], [second], drawn[:1], drawn[1:]) == pytest.approx(expected)


def test_images_that_both_find_hard_cancel() -> None:
    generator = np.random.default_rng(0)
    images = (generator.random(2000) < 0.8).astype(float)
    drawn = bootstrap_replicates(images, 500, seed=1)[None]
    value = float(images.mean())
    assert paired_interval([value], [value], drawn, drawn) == (0.0, 0.0)


def test_replicates_must_fit() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, replicates\), got \(1, 3\)"):
        paired_interval([0.5, 0.6], [0.5], [[0.5, 0.5, 0.5]], [[0.5, 0.5, 0.5]])
    with pytest.raises(ValueError, match="one drawing"):
        paired_interval([0.5], [0.5], [[0.5, 0.5, 0.5]], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="an interval a seed"):
        interval_over_seeds([0.5, 0.6], [wilson(5, 10)])


def _correct(generator: np.random.Generator, seeds: int, noise: float, shift: float, difficulty: Floats) -> Floats:
    """(seeds, images): each image has its difficulty, each seed a luck of its own, the rest is chance."""
    luck = generator.normal(0, noise, (seeds, 1))
    chance = 1 / (1 + np.exp(-(difficulty + luck + shift)))
    return (generator.random(chance.shape) < chance).astype(float)


def _truth(noise: float, shift: float) -> float:
    generator = np.random.default_rng(99)
    logits = generator.normal(1.2, 1.5, 200_000)[None] + generator.normal(0, noise, (100, 1)) + shift
    return float((1 / (1 + np.exp(-logits))).mean())


def _resampled_seeds(by_seed: Floats, generator: np.random.Generator) -> Interval:
    """The plain hierarchical bootstrap: seeds drawn with replacement, each with its replicate of the same images."""
    seeds, replicates = by_seed.shape
    chosen = generator.integers(0, seeds, size=(seeds, replicates))
    return percentile_interval(np.take_along_axis(by_seed, chosen, axis=0).mean(axis=0))


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "noise"), [(2, 0.5), (3, 0.0), (3, 0.2), (3, 0.5), (5, 0.2), (5, 0.5)])
def test_coverage_over_seeds(seeds: int, noise: float) -> None:
    """400 test sets of 400 images: ours hold the truth; seeds alone or resampled seeds do not (docs/statistics.md)."""
    generator, trials = np.random.default_rng(seeds), 400
    truth, held, of_seeds_alone, of_resampled = _truth(noise, 0.0), 0, 0, 0
    for trial in range(trials):
        correct = _correct(generator, seeds, noise, 0.0, generator.normal(1.2, 1.5, 400))
        values = [float(value) for value in correct.mean(axis=1)]
        low, high = interval_over_seeds(values, [wilson(int(row.sum()), row.size) for row in correct])
        held += low <= truth <= high
        low, high = mean_interval(values)
        of_seeds_alone += low <= truth <= high
        low, high = _resampled_seeds(bootstrap_replicates(correct.T, 300, seed=trial).T, generator)
        of_resampled += low <= truth <= high
    assert held / trials >= 0.95
    if noise == 0.5:
        assert of_resampled / trials < 0.92
    if noise == 0.0:
        assert of_seeds_alone / trials < 0.92


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "noise"), [(1, 0.0), (2, 0.2), (3, 0.2), (3, 0.5), (5, 0.5)])
def test_coverage_of_a_paired_difference(seeds: int, noise: float) -> None:
    """400 pairs on 400 images, one model a little worse."""
    generator, trials, held = np.random.default_rng(seeds), 400, 0
    truth = _truth(noise, -0.15) - _truth(noise, 0.0)
    for trial in range(trials):
        difficulty = generator.normal(1.2, 1.5, 400)
        pair = [_correct(generator, seeds, noise, shift, difficulty) for shift in (-0.15, 0.0)]
        drawn = bootstrap_replicates(np.concatenate(pair).T, 300, seed=trial).T
        first, second = ([float(value) for value in correct.mean(axis=1)] for correct in pair)
        low, high = paired_interval(first, second, drawn[:seeds], drawn[seeds:])
        held += low <= truth <= high
    assert held / trials >= 0.925  # two standard deviations of 400 draws below 0.95
