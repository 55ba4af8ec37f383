"""Top-1, top-5 and mean-per-class accuracy."""

import numpy as np
from jaxtyping import Float, Int

from ..errors import MetricUndefinedError
from ..samples import Samples
from . import METRICS
from ._metric import Interval, SampleMetric, Statistic, mean_of


def _top_five(samples: Samples) -> Float[np.ndarray, " n"]:
    if samples.classes < 6:
        raise MetricUndefinedError(f"every answer is right among the first five of {samples.classes} classes")
    return (samples.columns.true_rank < 5).astype(np.float64)


def _labels(samples: Samples) -> Int[np.ndarray, " n"]:
    return samples.columns.labels


def _mean_recall(samples: Samples) -> Statistic:
    """Per-class accuracy, averaged over the classes that have images; classes weigh the same whatever their size.

    Class sizes are those of the sample: a stratified resample draws as many images of every class.
    """
    _, inverse, sizes = np.unique(samples.columns.labels, return_inverse=True, return_counts=True)
    weighted = samples.columns.correct() / sizes[inverse] / sizes.size
    return lambda counts: counts @ weighted


METRICS.register("top1")(
    SampleMetric(
        name="top1",
        title="Top-1 accuracy",
        unit="fraction",
        direction="higher",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Share of images whose largest logit is the label's; of equal logits the first class counts.",
        source="standard; torchvision references",
        pitfalls="Aircraft, Pets, Caltech and Flowers are published as mean-per-class accuracy, not as top-1.",
        needs=("true_rank",),
        interval=Interval.WILSON,
        statistic=mean_of(lambda samples: samples.columns.correct()),
    )
)

METRICS.register("top5")(
    SampleMetric(
        name="top5",
        title="Top-5 accuracy",
        unit="fraction",
        direction="higher",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Share of images whose label is among the five largest logits; equal logits rank by class index.",
        source="Russakovsky et al. 2015, ImageNet Large Scale Visual Recognition Challenge (arXiv 1409.0575)",
        pitfalls="Says nothing below six classes, where it is left out.",
        needs=("true_rank",),
        interval=Interval.WILSON,
        statistic=mean_of(_top_five),
    )
)

METRICS.register("mean-per-class")(
    SampleMetric(
        name="mean-per-class",
        title="Mean per-class accuracy",
        unit="fraction",
        direction="higher",
        lower_bound=0.0,
        upper_bound=1.0,
        definition="Top-1 accuracy of each class that has images, averaged over those classes.",
        source="Kornblith et al. 2019, Do Better ImageNet Models Transfer Better? (arXiv 1805.08974)",
        pitfalls="Differs from top-1 wherever class sizes differ (most on Caltech-101); classes without images are "
        "left out, not counted as 0.",
        needs=("labels", "true_rank"),
        interval=Interval.STRATIFIED_BOOTSTRAP,
        statistic=_mean_recall,
        strata=_labels,
    )
)
