"""Kolmogorov-Smirnov calibration error: calibration without bins."""

import numpy as np
from jaxtyping import Float

from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
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
        pitfalls="The paper prints percent. Over- and under-confidence at different confidences can cancel.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=_of_top_label,
    )
)
