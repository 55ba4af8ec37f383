"""Kolmogorov-Smirnov calibration error: calibration without bins."""

import numpy as np
from jaxtyping import Float

from registry.statistics.intervals import LEVEL

from ..samples import Samples
from . import METRICS
from ._metric import Draw, Interval, SampleMetric, Statistic
from ._ranked import ranking


def ks_statistic(confidence: Float[np.ndarray, " n"], correct: Float[np.ndarray, " n"]) -> Statistic:
    """The largest distance between the cumulative sums of confidence and correctness, by rising confidence.

    Distances are taken after each run of equal confidences, so that the order inside a run does not matter.
    """
    ranked = ranking(confidence)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        (distance,) = ranked.upto(counts, confidence - correct)
        error: Float[np.ndarray, " r"] = np.abs(distance).max(axis=1) / counts.sum(axis=1)
        return error

    return statistic


def furthest(confidence: Float[np.ndarray, " n"], correct: Float[np.ndarray, " n"]) -> Statistic:
    """The largest distance between a resample's curve of cumulative sums and that of the sample, over n."""
    ranked, once = ranking(confidence), np.ones((1, confidence.size))
    (sampled,) = ranked.upto(once, confidence - correct)

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        (drawn,) = ranked.upto(counts, confidence - correct)
        distance: Float[np.ndarray, " r"] = np.abs(drawn - sampled).max(axis=1) / confidence.size
        return distance

    return statistic


def _band(samples: Samples, draw: Draw) -> tuple[float, float]:
    """The largest absolute values of all curves in the band around the sample's that holds 95 % of resampled ones.

    A largest distance is not a smooth function of its curve: where it is about 0, as of a calibrated network, or taken
    at several places, quantiles of resampled ones hold the truth too seldom. Two curves that are nowhere further apart
    than the band is wide have largest values that differ by no more than that.
    """
    given = samples.columns.confidence(), samples.columns.correct()
    value = float(ks_statistic(*given)(np.ones((1, given[0].size)))[0])
    width = float(np.quantile(draw(furthest(*given)), LEVEL))
    return value - width, value + width


def _of_top_label(samples: Samples) -> Statistic:
    return ks_statistic(samples.columns.confidence(), samples.columns.correct())


METRICS.register("ks-error")(
    SampleMetric(
        name="ks-error",
        title="Kolmogorov-Smirnov calibration error",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="max over t of |sum of (confidence - correct) over images of confidence up to t| / n.",
        source="Gupta et al. 2021, Calibration of Neural Networks using Splines (arXiv 2006.12800)",
        pitfalls="The paper prints percent. Over- and under-confidence at different confidences can cancel. Version 1 "
        "was the same number with a basic bootstrap interval, which held the truth in 72 to 96 of 100.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.BOOTSTRAP_BAND,
        version=2,
        statistic=_of_top_label,
        limits=_band,
    )
)
