"""Calibration error of every class's probability over bins of equally many images."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
from .equal_mass import BINS, adaptive_error

CLASSES_AT_A_TIME = 16


def one_against_rest(samples: Samples) -> Iterator[tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]]:
    """Of each class its probability of every image, and 1 for the images that are of it.

    Every class is sorted by itself, which one pass over the images cannot do: a few classes are widened at a time.
    """
    gaps, columns = samples.all_gaps(), samples.columns
    for first in range(0, samples.classes, CLASSES_AT_A_TIME):
        block = gaps[:, first : first + CLASSES_AT_A_TIME].astype(np.float64)
        probabilities = np.exp(block - columns.log_normaliser.astype(np.float64)[:, None])
        for offset in range(block.shape[1]):
            is_class = (columns.labels == first + offset).astype(np.float64)
            yield np.ascontiguousarray(probabilities[:, offset]), is_class


def classwise_adaptive_error(samples: Samples) -> Statistic:
    """The mean over classes of the adaptive calibration error of that class's probability over all images."""

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        total = np.zeros(len(counts))
        for probabilities, is_class in one_against_rest(samples):
            total += adaptive_error(probabilities, is_class, BINS)(counts)
        return total / samples.classes

    return statistic


METRICS.register("classwise-adaptive-ece15")(
    SampleMetric(
        name="classwise-adaptive-ece15",
        title="Classwise adaptive calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="As classwise-ece15, over 15 bins of equally many images by that class's probability.",
        source="Nixon et al. 2019, Measuring Calibration in Deep Learning (arXiv 1904.01685), there called ACE; cut as "
        "in Kumar et al. 2019",
        pitfalls="Two ways of cutting are about (0.01555 and 0.01545 on the same input). Dominated by bias with a "
        "thousand classes; divides by all classes of the head.",
        needs=("labels", "log_normaliser", "gaps"),
        interval=Interval.NONE,
        no_interval_reason="its bias outgrows its spread; compare only models scored on the same images",
        per_class_count=True,
        statistic=classwise_adaptive_error,
    )
)
