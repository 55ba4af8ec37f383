"""Each noise against the statistics of its distribution."""

import numpy as np
import pytest
from corruption_pictures import grey
from scipy.stats import chisquare, kstest, poisson

from benchmark.corruptions import corrupt


def test_gaussian_noise_is_gaussian() -> None:
    noise = (corrupt(grey(200, 128), ["a"], "gaussian_noise", 1).astype(np.float64) - 128).ravel() / 255
    jitter = np.random.default_rng(0).uniform(-0.5, 0.5, noise.size) / 255  # bytes are not continuous
    assert kstest((noise + jitter) / 0.08, "norm").pvalue > 1e-3


@pytest.mark.parametrize("value", [50, 120])
def test_speckle_noise_is_gaussian_and_grows_with_the_light(value: int) -> None:
    noise = (corrupt(grey(200, value), ["a"], "speckle_noise", 1).astype(np.float64) - value).ravel()
    jitter = np.random.default_rng(0).uniform(-0.5, 0.5, noise.size)
    assert kstest((noise + jitter) / np.hypot(0.15 * value, 12**-0.5), "norm").pvalue > 1e-3


def test_shot_noise_counts_photons() -> None:
    counted = corrupt(grey(200, 51), ["a"], "shot_noise", 4).astype(np.float64).ravel() / 51  # 5 photons at white
    values, times = np.unique(np.rint(counted).astype(int), return_counts=True)
    assert values.tolist() == [0, 1, 2, 3, 4, 5]
    chances = np.append(poisson.pmf(values[:-1], 1.0), poisson.sf(4, 1.0))  # five and more are white
    assert chisquare(times, chances * times.sum()).pvalue > 1e-3


def test_shot_noise_has_the_variance_of_counting() -> None:
    noise = corrupt(grey(200, 64), ["a"], "shot_noise", 1).astype(np.float64) / 255
    assert noise.mean() == pytest.approx(64 / 255, rel=0.01)
    assert noise.var() == pytest.approx(64 / 255 / 60, rel=0.03)


def test_impulse_noise_strikes_as_often_as_it_says() -> None:
    noise = corrupt(grey(200, 100), ["a"], "impulse_noise", 5)
    assert (noise == 0).mean() == pytest.approx(0.135, abs=0.01)
    assert (noise == 255).mean() == pytest.approx(0.135, abs=0.01)
    assert set(np.unique(noise)) == {0, 100, 255}
