"""Image by image: which ones a model lost and gained against another, and in which classes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .statistics import holm, mcnemar, paired_resolution

Correct = npt.NDArray[np.bool_]
SEVERAL_SEEDS = "several seeds: read the interval of the difference, which has their noise"


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


@dataclass(frozen=True, eq=False)
class Flips:
    """``n`` images. ``lost``: places of those that the second model alone gets right; ``gained``: the first alone.

    With several seeds most runs decide. ``p_exact`` and ``p_mid`` are McNemar's, for one seed each; with several,
    ``no_test_reason`` says what to read. ``disagreement`` is the share of images of which exactly one model is right,
    averaged over pairs of seeds; ``resolution`` the smallest difference of accuracies that this many images with that
    disagreement resolve with 80 % power, of one run each. ``classes`` begin with the most hurt.
    """

    n: int
    p_exact: float | None
    p_mid: float | None
    no_test_reason: str | None
    disagreement: float
    resolution: float
    lost: npt.NDArray[np.int64]
    gained: npt.NDArray[np.int64]
    classes: tuple[ClassChange, ...]


def flips(first: Correct, second: Correct, labels: npt.NDArray[np.int32], names: Sequence[str] | None = None) -> Flips:
    """``first`` and ``second`` are of shape (seeds, n): which images the runs get right; ``labels`` of shape (n,)."""
    single = len(first) == len(second) == 1
    test = mcnemar(first[0], second[0]) if single else None
    mostly = first.mean(axis=0) > 0.5, second.mean(axis=0) > 0.5
    disagreement = float((first[:, None] != second[None]).mean())
    return Flips(
        n=first.shape[1],
        p_exact=None if test is None else test.p_exact,
        p_mid=None if test is None else test.p_mid,
        no_test_reason=None if single else SEVERAL_SEEDS,
        disagreement=disagreement,
        resolution=paired_resolution(disagreement, first.shape[1]),
        lost=np.flatnonzero(~mostly[0] & mostly[1]),
        gained=np.flatnonzero(mostly[0] & ~mostly[1]),
        classes=_classes(labels, first, second, mostly, names),
    )


def _classes(
    labels: npt.NDArray[np.int32],
    one: Correct,
    other: Correct,
    mostly: tuple[Correct, Correct],
    names: Sequence[str] | None,
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
            first=float(one[:, of].mean()),
            second=float(other[:, of].mean()),
            lost=int((~mostly[0] & mostly[1] & of).sum()),
            gained=int((mostly[0] & ~mostly[1] & of).sum()),
            p=p,
        )
        for label, of, p in zip(present, rows, tested, strict=True)
    ]
    return tuple(sorted(changes, key=lambda change: (change.first - change.second, change.label)))
