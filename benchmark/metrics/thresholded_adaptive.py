"""Calibration error of those probabilities that are worth a look, of every class, over bins of equally many images."""

import numpy as np
from jaxtyping import Float

from ..errors import MetricUndefinedError
from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
from .classwise_adaptive import one_against_rest
from .equal_mass import BINS, adaptive_error

THRESHOLD = 0.01


def thresholded_adaptive_error(samples: Samples) -> Statistic:
    """The mean over classes of the adaptive calibration error of that class's probabilities above the threshold.

    Classes that no image is given that probability of are left out. Raises
    :class:`~benchmark.errors.MetricUndefinedError` where that is all of them.
    """

    def of_one(counts: Float[np.ndarray, "1 n"]) -> float:
        errors = []
        for probabilities, is_class in one_against_rest(samples):
            kept = probabilities > THRESHOLD
            if counts[0, kept].any():
                errors += adaptive_error(probabilities[kept], is_class[kept], BINS)(counts[:, kept]).tolist()
        if not errors:
            raise MetricUndefinedError(f"no class has a probability above {THRESHOLD} on any image")
        return float(np.mean(errors))

    # Of every resample another number of images is above the threshold.
    return lambda counts: np.array([of_one(row[None]) for row in counts])


METRICS.register("thresholded-adaptive-ece15")(
    SampleMetric(
        name="thresholded-adaptive-ece15",
        title="Thresholded adaptive calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="As classwise-adaptive-ece15, of the probabilities above 0.01 alone, averaged over the classes that "
        "have any.",
        source="Nixon et al. 2019, Measuring Calibration in Deep Learning (arXiv 1904.01685), there called TACE; cut "
        "as in Kumar et al. 2019",
        pitfalls="Knows nothing of images whose class has a probability of at most 0.01. robustness_metrics cuts at "
        "rounded positions (0.02774 instead of 0.02782 on the same input). Depends on the threshold: with more than a "
        "hundred classes nothing may be above it.",
        needs=("labels", "log_normaliser", "gaps"),
        interval=Interval.NONE,
        no_interval_reason="its bias outgrows its spread; compare only models scored on the same images",
        statistic=thresholded_adaptive_error,
    )
)
