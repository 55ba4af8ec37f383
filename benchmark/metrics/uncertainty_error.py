"""Uncertainty calibration error: does the entropy of a prediction say how often it is wrong?"""

import numpy as np

from ..errors import MetricUndefinedError
from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
from .calibration_error import binned_error


def uncertainty_error(samples: Samples) -> Statistic:
    """The binned error between entropy / log k and the error rate; an entropy of exactly 0 is in the first bin."""
    if samples.classes < 2:
        raise MetricUndefinedError("one class has no uncertainty")
    entropy = np.minimum(samples.columns.entropy.astype(np.float64) / np.log(samples.classes), 1.0)
    return binned_error(entropy, 1.0 - samples.columns.correct())


METRICS.register("uce15")(
    SampleMetric(
        name="uce15",
        title="Uncertainty calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Mean over 15 equal-width bins (a, b] of the entropy divided by log k, weighted by images, of "
        "|error rate - mean normalised entropy|.",
        source="Laves et al. 2019, Well-calibrated Model Uncertainty with Temperature Scaling (arXiv 1909.13550)",
        pitfalls="Not 0 for a calibrated model. Another definition of the same name doubles the error rate, has 8 "
        "bins and prints percent (19.27 instead of 0.165); doubling is right for two classes only.",
        needs=("entropy", "true_rank"),
        interval=Interval.BASIC_BOOTSTRAP,
        per_class_count=True,
        statistic=uncertainty_error,
    )
)
