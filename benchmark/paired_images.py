"""Image by image: which ones a model lost and gained against another, and in which classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from registry.statistics import holm, mcnemar, paired_resolution

from .class_names import class_names
from .predictions import Predictions


@dataclass(frozen=True)
class ClassChange:
    """One class: its images, the share of them that each model gets right, images lost and gained.

    ``p`` is McNemar's mid-p within the class, adjusted for the number of classes (Holm); None with several seeds.
    """

    label: int
    name: str | None
    n: int
    first: float
    second: float
    lost: int
    gained: int
    p: float | None


@dataclass(frozen=True)
class ChangedImage:
    """An image that one model gets right and the other does not; with several seeds, most of its runs.

    Predictions and confidences are those of the first seed.
    """

    id: str
    label: int
    label_name: str | None
    first_prediction: int
    second_prediction: int
    first_confidence: float
    second_confidence: float


@dataclass(frozen=True)
class PairedImages:
    """``n`` images. ``lost``: the second model alone is right; ``gained``: the first alone.

    ``p_exact`` and ``p_mid`` are McNemar's, for one seed each; with several, ``no_test_reason`` says what to read.
    ``disagreement`` is the share of images of which exactly one model is right, averaged over pairs of seeds;
    ``resolution`` the smallest difference of accuracies that this many images with that disagreement resolve with 80 %
    power, of one run each.
    """

    n: int
    p_exact: float | None
    p_mid: float | None
    no_test_reason: str | None
    disagreement: float
    resolution: float
    lost: tuple[ChangedImage, ...]
    gained: tuple[ChangedImage, ...]
    classes: tuple[ClassChange, ...]


def compare_images(first: Sequence[Predictions], second: Sequence[Predictions], task: str) -> PairedImages:
    """Compare the runs of two models (one a seed) on the same images; ``classes`` begin with the most hurt."""
    one, other = _correct(first), _correct(second)
    names = class_names(task)
    if names is not None and len(names) != first[0].samples.classes:
        names = None  # a shifted set of some of the classes
    single = len(one) == len(other) == 1
    test = mcnemar(one[0], other[0]) if single else None
    mostly = one.mean(axis=0) > 0.5, other.mean(axis=0) > 0.5
    disagreement = float((one[:, None] != other[None]).mean())
    return PairedImages(
        n=one.shape[1],
        p_exact=None if test is None else test.p_exact,
        p_mid=None if test is None else test.p_mid,
        no_test_reason=None if single else "several seeds: read the interval of the difference, which has their noise",
        disagreement=disagreement,
        resolution=paired_resolution(disagreement, one.shape[1]),
        lost=_changed(first[0], second[0], ~mostly[0] & mostly[1], names),
        gained=_changed(first[0], second[0], mostly[0] & ~mostly[1], names),
        classes=_classes(first[0].samples.columns.labels, one, other, mostly, names),
    )


def _correct(runs: Sequence[Predictions]) -> Bool[np.ndarray, "s n"]:
    return np.stack([predictions.samples.columns.true_rank == 0 for predictions in runs])


def _classes(
    labels: Int[np.ndarray, " n"],
    one: Bool[np.ndarray, "s n"],
    other: Bool[np.ndarray, "t n"],
    mostly: tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]],
    names: tuple[str, ...] | None,
) -> tuple[ClassChange, ...]:
    present = [int(label) for label in np.unique(labels)]
    rows = [labels == label for label in present]
    single = len(one) == len(other) == 1
    tested = holm([mcnemar(one[0, of], other[0, of]).p_mid for of in rows]) if single else [None] * len(rows)
    changes = [
        ClassChange(
            label=label,
            name=None if names is None else names[label],
            n=int(of.sum()),
            first=_share(one, of),
            second=_share(other, of),
            lost=int((~mostly[0] & mostly[1] & of).sum()),
            gained=int((mostly[0] & ~mostly[1] & of).sum()),
            p=p,
        )
        for label, of, p in zip(present, rows, tested, strict=True)
    ]
    return tuple(sorted(changes, key=lambda change: (change.first - change.second, change.label)))


def _share(correct: Bool[np.ndarray, "s n"], of: Bool[np.ndarray, " n"]) -> float:
    return float(correct[:, of].mean())


def _changed(
    first: Predictions, second: Predictions, which: Bool[np.ndarray, " n"], names: tuple[str, ...] | None
) -> tuple[ChangedImage, ...]:
    """The images of ``which``, those first of which the wrong model was surest."""
    one, other = first.samples.columns, second.samples.columns
    confidence: tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]] = one.confidence(), other.confidence()
    changed = [
        ChangedImage(
            id=first.ids[row],
            label=int(one.labels[row]),
            label_name=None if names is None else names[int(one.labels[row])],
            first_prediction=int(one.argmax[row]),
            second_prediction=int(other.argmax[row]),
            first_confidence=round(float(confidence[0][row]), 6),
            second_confidence=round(float(confidence[1][row]), 6),
        )
        for row in np.flatnonzero(which)
    ]
    return tuple(sorted(changed, key=lambda image: (-max(image.first_confidence, image.second_confidence), image.id)))
