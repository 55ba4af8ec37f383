"""Calibration error of every class's probability, not of the predicted one's alone."""

import numpy as np
from jaxtyping import Float

from ..columns import chunks
from ..logits import Logits
from ..samples import Samples
from . import METRICS
from ._bins import right_closed_bins
from ._metric import Interval, SampleMetric, Statistic

BINS = 15


def classwise_error(samples: Samples) -> Statistic:
    """The mean over classes of the binned calibration error of that class's probability over all images.

    Images are read in chunks into one table of classes x bins: all probabilities of ImageNet would not fit beside it.
    """
    cells = samples.classes * BINS

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        sums = np.zeros((len(counts), cells))
        for rows in chunks(len(samples), samples.classes):
            gap = Logits(samples.all_gaps()[rows]).softmax().values
            cell = np.arange(samples.classes) * BINS + right_closed_bins(gap, BINS)
            gap[np.arange(len(gap)), samples.columns.labels[rows]] -= 1.0
            for row, drawn in enumerate(counts[:, rows]):
                sums[row] += np.bincount(cell.ravel(), weights=(gap * drawn[:, None]).ravel(), minlength=cells)
        error: Float[np.ndarray, " r"] = np.abs(sums).sum(axis=1) / counts.sum(axis=1) / samples.classes
        return error

    return statistic


METRICS.register("classwise-ece15")(
    SampleMetric(
        name="classwise-ece15",
        title="Classwise calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Mean over classes of the calibration error of that class's probability over all images, 15 "
        "equal-width bins (a, b].",
        source="Kull et al. 2019 (arXiv 1910.12656); the static calibration error of Nixon et al. 2019 "
        "(arXiv 1904.01685)",
        pitfalls="Dominated by bias with a thousand classes and fifty images each; divides by all classes of the "
        "head, also those that no image has.",
        needs=("labels", "gaps"),
        interval=Interval.NONE,
        no_interval_reason="its bias outgrows its spread; compare only models scored on the same images",
        per_class_count=True,
        statistic=classwise_error,
    )
)
