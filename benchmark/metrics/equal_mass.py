"""Calibration error over bins of equally many images: adaptive ECE and Kumar's debiased l1 and l2 errors."""

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from registry.statistics import basic_bootstrap_interval

from ..errors import MetricUndefinedError
from ..samples import Samples
from . import METRICS
from ._metric import Draw, Interval, SampleMetric, Statistic
from ._ranked import bin_sizes, ranking

BINS = 15


def adaptive_error(
    confidence: Float[np.ndarray, " n"], correct: Float[np.ndarray, " n"], bins: int = BINS
) -> Statistic:
    """Mean over equal-mass bins, weighted by images, of |accuracy - mean confidence|."""
    ranked = ranking(confidence)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        (gaps,) = ranked.equal_mass(counts, bins, confidence - correct)
        error: Float[np.ndarray, " r"] = np.abs(gaps).sum(axis=1) / counts.sum(axis=1)
        return error

    return statistic


def debiased_squares(
    confidence: Float[np.ndarray, " n"], correct: Float[np.ndarray, " n"], bins: int = BINS, debias: bool = True
) -> Statistic:
    """The squared calibration error over equal-mass bins, less what chance alone would put there; may be below 0.

    sum_b w_b [(acc_b - conf_b)^2 - acc_b (1 - acc_b) / (n_b - 1)]; without ``debias`` the plug-in estimate. Raises
    :class:`~benchmark.errors.MetricUndefinedError` below two images a bin.
    """
    _check_size(confidence.size, bins)
    ranked = ranking(confidence)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        gaps, hits = ranked.equal_mass(counts, bins, confidence - correct, correct)
        sizes = bin_sizes(int(counts[0].sum()), bins)
        accuracy = hits / sizes
        by_chance = accuracy * (1 - accuracy) / (sizes - 1) if debias else 0.0
        squares: Float[np.ndarray, " r"] = ((gaps / sizes) ** 2 - by_chance) @ (sizes / sizes.sum())
        return squares

    return statistic


def debiased_error(
    confidence: Float[np.ndarray, " n"], correct: Float[np.ndarray, " n"], bins: int = BINS
) -> Statistic:
    """Twice the plug-in l1 error less its expectation where each bin's accuracy has its own normal noise.

    Kumar et al. estimate that expectation from a thousand draws; it is that of a folded normal distribution, in closed
    form: s sqrt(2 / pi) exp(-d^2 / 2 s^2) + d (1 - 2 Phi(-d / s)) with d = acc - conf and s^2 = acc (1 - acc) / n. May
    be below 0. Raises :class:`~benchmark.errors.MetricUndefinedError` below two images a bin.
    """
    _check_size(confidence.size, bins)
    ranked = ranking(confidence)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        gaps, hits = ranked.equal_mass(counts, bins, confidence - correct, correct)
        sizes = bin_sizes(int(counts[0].sum()), bins)
        gap, accuracy = np.abs(gaps) / sizes, np.clip(hits / sizes, 0.0, 1.0)
        noise = np.sqrt(accuracy * (1 - accuracy) / sizes)
        ratio = gap / np.where(noise > 0, noise, 1.0)
        folded = noise * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + gap * (1 - 2 * ndtr(-ratio))
        expected = np.where(noise > 0, folded, gap)  # a bin without noise gives what it is
        error: Float[np.ndarray, " r"] = (2 * gap - expected) @ (sizes / sizes.sum())
        return error

    return statistic


def _check_size(images: int, bins: int) -> None:
    if images < 2 * bins:
        raise MetricUndefinedError(f"{bins} bins of at least two images need {2 * bins} images, not {images}")


def _adaptive(samples: Samples) -> Statistic:
    return adaptive_error(samples.columns.confidence(), samples.columns.correct())


def _debiased(samples: Samples) -> Statistic:
    error = debiased_error(samples.columns.confidence(), samples.columns.correct())
    return lambda counts: np.maximum(0.0, error(counts))


def _debiased_root(samples: Samples) -> Statistic:
    squares = debiased_squares(samples.columns.confidence(), samples.columns.correct())
    return lambda counts: np.sqrt(np.maximum(0.0, squares(counts)))


def _centred(samples: Samples, draw: Draw) -> tuple[float, float]:
    """The root of the basic bootstrap of the squared error, about the error that resamples are drawn from.

    The squared error of the sample itself is the plug-in estimate, chance and all: that is what a resample's debiased
    one estimates, and where the replicates have their centre.
    """
    given = samples.columns.confidence(), samples.columns.correct()
    once = np.ones((1, given[0].size))
    squares, plug_in = debiased_squares(*given), debiased_squares(*given, debias=False)
    square, drawn_from = float(squares(once)[0]), float(plug_in(once)[0])
    low, high = basic_bootstrap_interval(square, draw(squares) - (drawn_from - square))
    return max(0.0, low) ** 0.5, max(0.0, high) ** 0.5


METRICS.register("adaptive-ece15")(
    SampleMetric(
        name="adaptive-ece15",
        title="Adaptive calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="As ece15, over 15 bins of equally many images by confidence; images of equal confidence are "
        "shared between bins.",
        source="Nguyen and O'Connor 2015 (arXiv 1508.05154); cut as in Kumar et al. 2019",
        pitfalls="Three ways of cutting are about (0.05335, 0.05316 and 0.05271 on the same input). netcal's ACE is "
        "another thing: the average over bins, not adaptive.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=_adaptive,
    )
)

METRICS.register("debiased-rmsce15")(
    SampleMetric(
        name="debiased-rmsce15",
        title="Debiased root-mean-square calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Root of the squared gap over 15 equal-mass bins of the confidence, less the variance that a "
        "calibrated model would show there; 0 where the difference is negative.",
        source="Kumar et al. 2019, Verified Uncertainty Calibration (arXiv 1909.10155)",
        pitfalls="An l2 norm: not comparable with ECE. Undefined below 30 images. Version 1 was the same number with a "
        "percentile bootstrap interval, which held the truth in 76 to 94 of 100.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.CENTRED_BOOTSTRAP,
        version=2,
        statistic=_debiased_root,
        limits=_centred,
    )
)

METRICS.register("debiased-ece15")(
    SampleMetric(
        name="debiased-ece15",
        title="Debiased calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Twice adaptive-ece15 less what it would be expected to be if the accuracy of each bin were drawn "
        "again; 0 where the difference is negative.",
        source="Kumar et al. 2019, Verified Uncertainty Calibration (arXiv 1909.10155), with the expectation in closed "
        "form",
        pitfalls="The published code draws a thousand times and gives another number each time (0.0487 and 0.0482 for "
        "the same input). Undefined below 30 images. Version 1 was the same number with a percentile interval.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.NONE,
        no_interval_reason="no bootstrap of it holds the truth near calibration; debiased-rmsce15 has one",
        version=2,
        statistic=_debiased,
    )
)
