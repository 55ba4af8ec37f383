"""Calibration error over bins of equally many images: adaptive ECE and Kumar's debiased root-mean-square error."""

import numpy as np
from jaxtyping import Float

from ..errors import MetricUndefinedError
from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
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
    if confidence.size < 2 * bins:
        raise MetricUndefinedError(f"{bins} bins of at least two images need {2 * bins} images, not {confidence.size}")
    ranked = ranking(confidence)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        gaps, hits = ranked.equal_mass(counts, bins, confidence - correct, correct)
        sizes = bin_sizes(int(counts[0].sum()), bins)
        accuracy = hits / sizes
        by_chance = accuracy * (1 - accuracy) / (sizes - 1) if debias else 0.0
        squares: Float[np.ndarray, " r"] = ((gaps / sizes) ** 2 - by_chance) @ (sizes / sizes.sum())
        return squares

    return statistic


def _adaptive(samples: Samples) -> Statistic:
    return adaptive_error(samples.columns.confidence(), samples.columns.correct())


def _debiased(samples: Samples) -> Statistic:
    squares = debiased_squares(samples.columns.confidence(), samples.columns.correct())
    return lambda counts: np.sqrt(np.maximum(0.0, squares(counts)))


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
        pitfalls="An l2 norm: not comparable with ECE. Undefined below 30 images.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.PERCENTILE_BOOTSTRAP,
        statistic=_debiased,
    )
)
