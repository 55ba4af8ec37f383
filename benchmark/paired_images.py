"""Image by image: which ones a model lost and gained against another, and in which classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from registry.flips import ClassChange, flips

from .class_names import class_names
from .predictions import Predictions


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
    names = class_names(task)
    if names is not None and len(names) != first[0].samples.classes:
        names = None  # a shifted set of some of the classes
    found = flips(_correct(first), _correct(second), first[0].samples.columns.labels, names)
    return PairedImages(
        n=found.n,
        p_exact=found.p_exact,
        p_mid=found.p_mid,
        no_test_reason=found.no_test_reason,
        disagreement=found.disagreement,
        resolution=found.resolution,
        lost=_changed(first[0], second[0], found.lost, names),
        gained=_changed(first[0], second[0], found.gained, names),
        classes=found.classes,
    )


def _correct(runs: Sequence[Predictions]) -> Bool[np.ndarray, "s n"]:
    return np.stack([predictions.samples.columns.true_rank == 0 for predictions in runs])


def _changed(
    first: Predictions, second: Predictions, which: Int[np.ndarray, " m"], names: tuple[str, ...] | None
) -> tuple[ChangedImage, ...]:
    """The images at ``which`` places, those first of which the wrong model was surest."""
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
        for row in which
    ]
    return tuple(sorted(changed, key=lambda image: (-max(image.first_confidence, image.second_confidence), image.id)))
