"""Out-of-distribution detection: areas under the ROC and precision-recall curves, and both meanings of FPR95."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int, UInt8

from ..ood import Detection
from . import METRICS
from ._metric import Interval, ResampledMetric, Statistic
from ._resampling import resample_counts, resampling_seed

Curve = Callable[[Float[np.ndarray, "r t"], Float[np.ndarray, "r t"]], Float[np.ndarray, " r"]]
"""Positives and negatives at or above each threshold, from the strictest threshold to the loosest -> a number."""


@dataclass(frozen=True, kw_only=True)
class DetectionMetric(ResampledMetric[Detection]):
    """A metric of a pair; each side is resampled by itself."""

    subject: ClassVar[str] = "detection pair"

    def size(self, subject: Detection) -> int:
        """The images of both sides."""
        return subject.inside.size + subject.outside.size

    def samples(self, subject: Detection) -> Detection:
        """The pair itself."""
        return subject

    def resample(self, samples: Detection, n: int, seed: int, replicates: int) -> UInt8[np.ndarray, "r n"]:  # noqa: ARG002
        """Each side by itself: the known images are drawn alike beside whatever set of unknown ones."""
        drawn = resample_counts(samples.inside.size, seed, replicates)
        of_outside = resampling_seed(f"{seed}|{samples.outside_name}")
        return np.concatenate([drawn, resample_counts(samples.outside.size, of_outside, replicates)], axis=1)


def auroc(tp: Float[np.ndarray, "r t"], fp: Float[np.ndarray, "r t"]) -> Float[np.ndarray, " r"]:
    """Area under the ROC curve by trapezoids: the share of pairs in the right order, ties counting a half."""
    middle = tp - np.diff(tp, axis=1, prepend=0.0) / 2
    area: Float[np.ndarray, " r"] = np.sum(np.diff(fp, axis=1, prepend=0.0) * middle, axis=1) / (tp[:, -1] * fp[:, -1])
    return area


def area_under_precision_recall(tp: Float[np.ndarray, "r t"], fp: Float[np.ndarray, "r t"]) -> Float[np.ndarray, " r"]:
    """Area under the precision-recall curve by trapezoids from (recall 0, precision 1), as OpenOOD computes it."""
    precision = _precision(tp, fp)
    before = np.concatenate([np.ones((len(tp), 1)), precision[:, :-1]], axis=1)
    area: Float[np.ndarray, " r"] = (
        np.sum(np.diff(tp, axis=1, prepend=0.0) * (precision + before) / 2, axis=1) / tp[:, -1]
    )
    return area


def false_positive_rate_at_95(tp: Float[np.ndarray, "r t"], fp: Float[np.ndarray, "r t"]) -> Float[np.ndarray, " r"]:
    """The share of negatives above the strictest threshold that keeps at least 95 % of the positives."""
    enough = 20 * tp >= 19 * tp[:, -1:]  # in whole numbers: 0.95 is not one
    rate: Float[np.ndarray, " r"] = fp[np.arange(len(fp)), enough.argmax(axis=1)] / fp[:, -1]
    return rate


def _precision(tp: Float[np.ndarray, "r t"], fp: Float[np.ndarray, "r t"]) -> Float[np.ndarray, "r t"]:
    above = tp + fp
    # Above the strictest thresholds a resample may have no image: recall is 0 there and precision 1 by convention.
    return np.where(above > 0, tp / np.maximum(above, 1.0), 1.0)


def of_curve(curve: Curve, positive: str) -> Callable[[Detection], Statistic]:
    """``curve`` with the named side as positive: ``"in"`` by falling, ``"out"`` by rising score."""

    def statistic(pair: Detection) -> Statistic:
        scores = np.concatenate([pair.inside, pair.outside]).astype(np.float64)
        is_positive = _sides(pair) == (0 if positive == "in" else 1)
        order = np.argsort(-scores if positive == "in" else scores, kind="stable")
        is_positive, scores = is_positive[order], scores[order]
        ends = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # equal scores share a threshold

        def evaluate(counts: Float[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
            drawn = counts[:, order]
            tp = np.cumsum(drawn * is_positive, axis=1)[:, ends]
            fp = np.cumsum(drawn, axis=1)[:, ends] - tp
            return curve(tp, fp)

        return evaluate

    return statistic


def _sides(pair: Detection) -> Int[np.ndarray, " n"]:
    return np.repeat([0, 1], [pair.inside.size, pair.outside.size])


def _register(name: str, title: str, better: str, curve: Curve, positive: str, definition: str, pitfalls: str) -> None:
    METRICS.register(name)(
        DetectionMetric(
            name=name,
            title=title,
            unit="fraction",
            direction="higher" if better == "higher" else "lower",
            lower_bound=0.0,
            upper_bound=1.0,
            definition=definition,
            source="Zhang et al. 2023, OpenOOD v1.5 (arXiv 2306.09301)",
            pitfalls=pitfalls,
            needs=("max_logit", "log_normaliser"),
            interval=Interval.STRATIFIED_BOOTSTRAP,
            statistic=of_curve(curve, positive),
        )
    )


_register(
    "auroc",
    "AUROC",
    "higher",
    auroc,
    "in",
    "Share of pairs of an in- and an out-of-distribution image whose scores are in the right order, ties a half.",
    "Below 0.5 is to be expected on ImageNet-O for ResNet-50's relatives: the set was filtered with it.",
)
_register(
    "aupr-in",
    "AUPR, in-distribution positive",
    "higher",
    area_under_precision_recall,
    "in",
    "Area under the precision-recall curve by trapezoids, in-distribution images positive, highest scores first.",
    "Depends on the sizes of both sides. scikit-learn's average precision, by steps, differs in the third digit.",
)
_register(
    "aupr-out",
    "AUPR, out-of-distribution positive",
    "higher",
    area_under_precision_recall,
    "out",
    "Area under the precision-recall curve by trapezoids, out-of-distribution images positive, lowest scores first.",
    "Depends on the sizes of both sides. This side is the one published for ImageNet-O.",
)
_register(
    "fpr95-ood-pos",
    "FPR95, out-of-distribution positive",
    "lower",
    false_positive_rate_at_95,
    "out",
    "Share of in-distribution images that are flagged at the strictest threshold that catches at least 95 % of the "
    "out-of-distribution ones.",
    "FPR95 has two meanings (0.868 and 0.705 for the same scores): this is OpenOOD's. A threshold by a quantile is "
    "off by one image.",
)
_register(
    "fpr95-id-pos",
    "FPR95, in-distribution positive",
    "lower",
    false_positive_rate_at_95,
    "in",
    "Share of out-of-distribution images that pass at the strictest threshold that accepts at least 95 % of the "
    "in-distribution ones.",
    "FPR95 has two meanings (0.868 and 0.705 for the same scores): this is the one of ODIN, Energy and ReAct.",
)
