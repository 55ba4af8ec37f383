"""Mean corruption error: errors under corruption divided by AlexNet's, corruption by corruption and by name.

Hendrycks and Dietterich 2019 (arXiv 1903.12261), section 4. With E the top-1 error at a severity and A AlexNet's:
CE of a corruption = sum over severities of E / sum over severities of A; mCE = mean of CE over the 15 corruptions.
Relative: both sums of E - E_clean. Both are linear in E, so that they hold for the mistakes of a single image as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
from jaxtyping import Float

from ..errors import MetricUndefinedError
from . import METRICS
from ._metric import Interval, ResampledMetric, Statistic

ALEXNET = {
    "gaussian_noise": 0.886428,
    "shot_noise": 0.894468,
    "impulse_noise": 0.922640,
    "defocus_blur": 0.819880,
    "glass_blur": 0.826268,
    "motion_blur": 0.785948,
    "zoom_blur": 0.798360,
    "snow": 0.866816,
    "frost": 0.826572,
    "fog": 0.819324,
    "brightness": 0.564592,
    "contrast": 0.853204,
    "elastic_transform": 0.646056,
    "pixelate": 0.717840,
    "jpeg_compression": 0.606500,
}
"""AlexNet's mean error over the five severities of each corruption, as google-research/augmix prints it."""

ALEXNET_CLEAN = 0.4348
"""AlexNet's error without corruption, as google-research/robustness_metrics has it."""

SEVERITIES = (1, 2, 3, 4, 5)

Error = TypeVar("Error", float, Float[np.ndarray, " n"])


def mean_corruption_error(errors: Mapping[str, Error], normaliser: Mapping[str, float] = ALEXNET) -> Error:
    """mCE of errors by condition (``fog/3``), as fractions or as arrays of the mistakes of single images.

    Corruptions beyond the normaliser's (the four extra ones) are left out. Raises
    :class:`~benchmark.errors.MetricUndefinedError` where a condition is missing.

    >>> round(mean_corruption_error({f"fog/{s}": 0.4 for s in SEVERITIES}, {"fog": 0.8}), 12)
    0.5
    """
    _check(errors, normaliser)
    return sum(  # type: ignore[return-value]
        errors[f"{name}/{severity}"] / (len(SEVERITIES) * alexnet) / len(normaliser)
        for name, alexnet in normaliser.items()
        for severity in SEVERITIES
    )


def relative_mean_corruption_error(
    errors: Mapping[str, Error],
    clean: Error,
    normaliser: Mapping[str, float] = ALEXNET,
    normaliser_clean: float = ALEXNET_CLEAN,
) -> Error:
    """The same of what corruption adds to the ``clean`` error: 1 is a network that degrades as much as AlexNet."""
    _check(errors, normaliser)
    added = {condition: error - clean for condition, error in errors.items()}
    return mean_corruption_error(added, {name: error - normaliser_clean for name, error in normaliser.items()})


def _check(errors: Mapping[str, Error], normaliser: Mapping[str, float]) -> None:
    wanted = [f"{name}/{severity}" for name in normaliser for severity in SEVERITIES]
    missing = [condition for condition in wanted if condition not in errors]
    if missing:
        raise MetricUndefinedError(
            f"it is over {len(normaliser)} corruptions at 5 severities, and {len(missing)} of these conditions are "
            f"missing, {missing[0]} first"
        )


@dataclass(frozen=True, eq=False)
class Mistakes:
    """1 for each image that is wrong under a condition, else 0; the same images in the same order everywhere.

    ``clean`` are the mistakes before corruption, None where those were not predicted.
    """

    by_condition: Mapping[str, Float[np.ndarray, " n"]]
    clean: Float[np.ndarray, " n"] | None = None


@dataclass(frozen=True, kw_only=True)
class CorruptionMetric(ResampledMetric[Mistakes]):
    """A metric over all conditions of a corrupted set."""

    subject: ClassVar[str] = "mistakes by condition"

    def size(self, subject: Mistakes) -> int:
        """The number of images, each seen under every condition."""
        return len(next(iter(subject.by_condition.values())))

    def samples(self, subject: Mistakes) -> Mistakes:
        """The mistakes themselves."""
        return subject


def _mean(per_image: Float[np.ndarray, " n"]) -> Statistic:
    return lambda counts: counts @ per_image / counts.sum(axis=1)


def _absolute(mistakes: Mistakes) -> Statistic:
    return _mean(mean_corruption_error(mistakes.by_condition))


def _relative(mistakes: Mistakes) -> Statistic:
    if mistakes.clean is None:
        raise MetricUndefinedError(
            "the images were not predicted without corruption: ImageNet's validation images were not there, or not "
            "in a folder that was pinned (prunarium benchmark data fetch imagenet --pin)"
        )
    return _mean(relative_mean_corruption_error(mistakes.by_condition, mistakes.clean))


METRICS.register("mce-official-alexnet")(
    CorruptionMetric(
        name="mce-official-alexnet",
        title="mCE, official AlexNet normaliser",
        unit="fraction",
        direction="lower",
        lower_bound=0.0,
        upper_bound=None,
        definition="Mean over corruptions of the error summed over severities, divided by that of the AlexNet of "
        "arXiv:1903.12261.",
        source="Hendrycks and Dietterich 2019 (arXiv 1903.12261); normalisers of google-research/augmix",
        pitfalls="Of the published ImageNet-C files with a centre crop only (resized once more, ResNet-50 has 0.782 "
        "instead of 0.767). Normalisers by position give 0.797, a ratio of means 0.767 instead of 0.764. Printed in "
        "percent elsewhere.",
        needs=("true_rank",),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=_absolute,
    )
)

METRICS.register("relative-mce-official-alexnet")(
    CorruptionMetric(
        name="relative-mce-official-alexnet",
        title="Relative mCE, official AlexNet normaliser",
        unit="fraction",
        direction="lower",
        lower_bound=None,
        upper_bound=None,
        definition="As mce-official-alexnet, of the errors less the error without corruption, on both sides of the "
        "fraction.",
        source="Hendrycks and Dietterich 2019 (arXiv 1903.12261); AlexNet's clean error of "
        "google-research/robustness_metrics",
        pitfalls="Rewards a bad clean accuracy: read it beside top-1. AlexNet's clean error is printed as 43.48 and as "
        "43.5 %.",
        needs=("true_rank",),
        interval=Interval.BASIC_BOOTSTRAP,
        statistic=_relative,
    )
)
