"""Expected, root-mean-square and maximum calibration error over fifteen equal-width bins of the confidence."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from ..samples import Samples
from . import METRICS
from ._bins import right_closed_bins
from ._metric import Interval, SampleMetric, Statistic

BINS = 15

Norm = Callable[[Float[np.ndarray, "r b"], Float[np.ndarray, "r b"]], Float[np.ndarray, " r"]]
"""(share of images in each bin, gap between confidence and accuracy there) -> error."""
BinOf = Callable[[Float[np.ndarray, " n"], int], Int[np.ndarray, " n"]]
"""(confidences, number of bins) -> the bin of each."""


def l1(share: Float[np.ndarray, "r b"], gap: Float[np.ndarray, "r b"]) -> Float[np.ndarray, " r"]:
    """The gaps' mean, weighted by images."""
    error: Float[np.ndarray, " r"] = np.sum(share * np.abs(gap), axis=1)
    return error


def l2(share: Float[np.ndarray, "r b"], gap: Float[np.ndarray, "r b"]) -> Float[np.ndarray, " r"]:
    """The gaps' root mean square, weighted by images."""
    error: Float[np.ndarray, " r"] = np.sqrt(np.sum(share * gap**2, axis=1))
    return error


def largest(share: Float[np.ndarray, "r b"], gap: Float[np.ndarray, "r b"]) -> Float[np.ndarray, " r"]:  # noqa: ARG001
    """The largest gap of any bin that has images."""
    error: Float[np.ndarray, " r"] = np.abs(gap).max(axis=1)
    return error


def binned_error(
    confidence: Float[np.ndarray, " n"],
    correct: Float[np.ndarray, " n"],
    bins: int = BINS,
    norm: Norm = l1,
    bin_of: BinOf = right_closed_bins,
) -> Statistic:
    """Calibration error over ``bins`` bins, as a function of counts; other codes cut their bins by another ``bin_of``.

    >>> error = binned_error(np.array([0.9, 0.9]), np.array([1.0, 0.0]))
    >>> float(error(np.ones((1, 2)))[0].round(6))
    0.4
    """
    index = bin_of(confidence, bins)
    member = np.zeros((confidence.size, index.max() + 1))
    member[np.arange(confidence.size), index] = 1.0
    over_confidence = member * (confidence - correct)[:, None]

    def statistic(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
        inside = counts @ member
        gap = counts @ over_confidence / np.maximum(inside, 1.0)  # an empty bin has no gap
        return norm(inside / counts.sum(axis=1, keepdims=True), gap)

    return statistic


def top_label_error(norm: Norm) -> Callable[[Samples], Statistic]:
    """The calibration error of the predicted class's probability."""
    return lambda samples: binned_error(samples.columns.confidence(), samples.columns.correct(), norm=norm)


ECE15 = SampleMetric(
    name="ece15",
    title="Expected calibration error (15 bins)",
    unit="fraction",
    direction="lower",
    lower_bound=0.0,
    upper_bound=1.0,
    definition="Mean over 15 equal-width bins (a, b] of the confidence, weighted by images, of |accuracy - mean "
    "confidence|.",
    source="Guo et al. 2017, On Calibration of Modern Neural Networks (arXiv 1706.04599)",
    pitfalls="Edges matter on saturated networks: torchmetrics bins [a, b) and gives confidence 1 a bin of its "
    "own. Biased upwards for few images, and so is its bootstrap: hence the basic interval.",
    needs=("log_normaliser", "true_rank"),
    interval=Interval.BASIC_BOOTSTRAP,
    statistic=top_label_error(l1),
)
METRICS.register(ECE15.name)(ECE15)

METRICS.register("rmsce15")(
    SampleMetric(
        name="rmsce15",
        title="Root-mean-square calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="As ece15, with the root of the weighted mean of squared gaps.",
        source="Hendrycks et al. 2019 (arXiv 1812.04606) for the norm; bins as in Guo et al. 2017",
        pitfalls="The code published with natural adversarial examples uses bins of 100 images and drops the most "
        "confident one.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=top_label_error(l2),
    )
)

METRICS.register("mce15")(
    SampleMetric(
        name="mce15",
        title="Maximum calibration error (15 bins)",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="The largest |accuracy - mean confidence| of the 15 bins of ece15 that have images.",
        source="Naeini et al. 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning",
        pitfalls="Usually the bin with the fewest images. Not the mean corruption error, which shares the letters.",
        needs=("log_normaliser", "true_rank"),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=top_label_error(largest),
    )
)
