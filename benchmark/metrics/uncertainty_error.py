"""Uncertainty calibration error: does the entropy of a prediction say how often it is wrong? Three conventions."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..errors import MetricUndefinedError
from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic
from .calibration_error import binned_error

BINS, MOHAN_BINS = 15, 8


def normalised_entropy(samples: Samples) -> Float[np.ndarray, " n"]:
    """Entropy / log k; raises :class:`~benchmark.errors.MetricUndefinedError` for one class."""
    if samples.classes < 2:
        raise MetricUndefinedError("one class has no uncertainty")
    normalised: Float[np.ndarray, " n"] = samples.columns.entropy.astype(np.float64) / np.log(samples.classes)
    capped: Float[np.ndarray, " n"] = np.minimum(normalised, 1.0)  # rounding may pass 1
    return capped


def laves(samples: Samples) -> Statistic:
    """The binned error between normalised entropy and error rate; an entropy of exactly 0 is in the first bin."""
    return binned_error(normalised_entropy(samples), 1.0 - samples.columns.correct(), BINS)


def scaled(samples: Samples) -> Statistic:
    """The same with the error rate divided by that of guessing, (k - 1) / k: chance then has error 1 and entropy 1."""
    classes = samples.classes
    return binned_error(
        normalised_entropy(samples), (1.0 - samples.columns.correct()) * classes / max(classes - 1, 1), BINS
    )


def mohan(samples: Samples) -> Statistic:
    """In percent, over 8 bins, with the error rate doubled whatever the number of classes."""
    error = binned_error(normalised_entropy(samples), 2.0 * (1.0 - samples.columns.correct()), MOHAN_BINS)
    return lambda counts: 100.0 * error(counts)


UCE15 = SampleMetric(
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
    statistic=laves,
)
METRICS.register(UCE15.name)(UCE15)

METRICS.register("uce15-scaled")(
    replace(
        UCE15,
        name="uce15-scaled",
        title="Uncertainty calibration error, scaled (15 bins)",
        upper_bound=2.0,
        definition="As uce15, with the error rate times k / (k - 1), so that guessing has error 1 as it has normalised "
        "entropy 1.",
        source="ours: the doubling of uce8-mohan, right for two classes, for any number of them",
        pitfalls="Ranks models by the size of their entropy as much as by its calibration; not 0 for a calibrated "
        "model.",
        statistic=scaled,
    )
)

METRICS.register("uce8-mohan")(
    replace(
        UCE15,
        name="uce8-mohan",
        title="Uncertainty calibration error, Mohan's convention (8 bins)",
        unit="percent",
        upper_bound=200.0,
        definition="100 times the mean over 8 equal-width bins (a, b] of the entropy divided by log k, weighted by "
        "images, of |twice the error rate - mean normalised entropy|.",
        source="Mohan et al. 2022 (arXiv 2201.01203) and its code: there of two classes, with errors averaged over a "
        "posterior",
        pitfalls="Made for two classes: with more, the doubled error rate exceeds what the entropy can say. Not "
        "comparable with uce15.",
        statistic=mohan,
    )
)
