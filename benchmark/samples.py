"""A set of images as metrics read it: its columns and, for metrics over all classes, its logits less the largest."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from .columns import LABEL_COLUMNS, UNLABELLED, Columns, chunks, columns_of
from .errors import LogitsError
from .logits import Logits, Probabilities, check_labels

TOP = 20
"""How many of an image's classes are kept where not all are."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The columns of a set of images over ``classes`` classes, and as many of their gaps z - m (<= 0) as are kept.

    ``gaps`` is n x k of all classes; or n x 20 of the classes in ``top``, by falling logit and rising index; or None.
    """

    columns: Columns
    classes: int
    gaps: Float[np.ndarray, "n g"] | None = None
    top: Int[np.ndarray, "n g"] | None = None

    def __len__(self) -> int:
        return len(self.columns.labels)

    @property
    def complete(self) -> bool:
        """Whether the gaps of all classes are there."""
        return self.gaps is not None and self.top is None

    def all_gaps(self) -> Float[np.ndarray, "n k"]:
        """The gaps of all classes; raises :class:`~benchmark.errors.LogitsError` where they are not kept."""
        if self.gaps is None or self.top is not None:
            raise LogitsError("The logits of all classes are not kept of these images.")
        return self.gaps

    def probabilities(self) -> Probabilities:
        """All probabilities, in float64."""
        return Logits(self.all_gaps()).softmax()

    def taken(self, rows: Int[np.ndarray, " m"]) -> "Samples":
        """The same of other rows, which may repeat."""
        gaps, top = (None if kept is None else kept[rows] for kept in (self.gaps, self.top))
        return Samples(self.columns.taken(rows), self.classes, gaps, top)

    def at_temperature(self, temperature: float) -> "Samples":
        """The columns of every logit divided by ``temperature``; ranks stay, everything else is worked out anew.

        From all gaps, or from the scaled columns where these are kept instead. ``true_gap`` is kept apart from
        ``gaps``, which may be rounded, and is divided itself.
        """
        if not (np.isfinite(temperature) and temperature > 0):
            raise LogitsError(f"Expected a temperature above 0, got {temperature}.")
        scaled = {
            "max_logit": self.columns.max_logit.astype(np.float64) / temperature,
            "true_gap": self.columns.true_gap.astype(np.float64) / temperature,
        }
        kept = {name.removeprefix("scaled_"): values for name, values in scaled_columns(self.columns).items()}
        if not kept:
            anew = columns_of(self.all_gaps(), None, temperature)
            kept = {name: getattr(anew, name) for name in ("log_normaliser", "rest_squares", "entropy")}
        return Samples(replace(self.columns, **scaled, **kept), self.classes)


def scaled_columns(columns: Columns) -> dict[str, Float[np.ndarray, " n"]]:
    """The columns at the fitted temperature, as far as they are kept."""
    return {name: values for name, values in columns.present().items() if name.startswith("scaled_")}


def samples_of(logits: Logits, labels: Int[np.ndarray, " n"] | None) -> Samples:
    """The columns and gaps of ``logits``, unrounded; ``labels`` is None for images of no class (out-of-distribution).

    Raises :class:`~benchmark.errors.LogitsError` for labels that are no class.

    >>> samples = samples_of(Logits(np.array([[0.0, np.log(3.0)]])), np.array([0]))
    >>> float(samples.columns.confidence()[0].round(4)), int(samples.columns.true_rank[0])
    (0.75, 1)
    """
    rows, classes = logits.values.shape
    if labels is not None:
        check_labels(labels, rows, classes)
    columns = columns_of(logits.values, labels)
    return Samples(columns, classes, logits.values - columns.max_logit[:, None].astype(logits.values.dtype))


def top_classes(logits: Float[np.ndarray, "n k"], count: int = TOP) -> Int[np.ndarray, "n t"]:
    """The classes of the ``count`` largest logits of each image, by falling logit; of equal ones the first come first.

    >>> top_classes(np.array([[1.0, 3.0, 3.0, 0.0]]), 3).tolist()
    [[1, 2, 0]]
    """
    count = min(count, logits.shape[1])
    return np.concatenate([_top_of(logits[rows], count) for rows in chunks(*logits.shape)])


def _top_of(logits: Float[np.ndarray, "n k"], count: int) -> Int[np.ndarray, "n t"]:
    chosen = np.sort(np.argpartition(-logits, count - 1, axis=1)[:, :count], axis=1)
    values = np.take_along_axis(logits, chosen, axis=1)
    top = np.take_along_axis(chosen, np.argsort(-values, axis=1, kind="stable"), axis=1)
    # Where equal logits stand on both sides of the cut, a partition keeps any of them.
    for row in np.flatnonzero((logits >= values.min(axis=1, keepdims=True)).sum(axis=1) > count):
        top[row] = np.argsort(-logits[row], kind="stable")[:count]
    return top.astype(np.int32)


def check_columns(samples: Samples) -> None:
    """Raise :class:`~benchmark.errors.LogitsError` where columns contradict each other or the gaps."""
    broken = [rule for rule, holds in _rules(samples).items() if not holds]
    if broken:
        raise LogitsError(f"These predictions break: {'; '.join(broken)}.")


def _rules(samples: Samples) -> dict[str, bool]:
    columns, n, k = samples.columns, len(samples), samples.classes
    gaps = np.zeros((n, 1)) if samples.gaps is None else samples.gaps
    numbers = {name: values for name, values in columns.present().items() if name not in LABEL_COLUMNS}
    signed = {"max_logit", "mahalanobis", "knn"}
    rules = {
        "there are images and classes": n > 0 and k > 0,
        "no number is NaN or infinite": all(np.isfinite(values).all() for values in (*numbers.values(), gaps)),
        "argmax is a class": bool(((columns.argmax >= 0) & (columns.argmax < k)).all()),
        "no logit is above the largest": bool((gaps <= 0).all()),
        "no normaliser, entropy or square is below 0": all(
            bool((values >= 0).all()) for name, values in numbers.items() if name not in signed
        ),
    }
    if not all(rules.values()):
        return rules
    return rules | _rules_of_gaps(samples) | _rules_of_labels(columns, k)


def _rules_of_gaps(samples: Samples) -> dict[str, bool]:
    if samples.gaps is None:
        return {}
    rows, first = np.arange(len(samples)), samples.columns.argmax
    if samples.top is None:
        return {"the gap of the argmax is 0": bool((samples.gaps[rows, first] == 0).all())}
    ordered = np.sort(samples.top, axis=1)
    return {
        "the gap of the argmax is 0": bool((samples.gaps[:, 0] == 0).all() and (samples.top[:, 0] == first).all()),
        "kept classes are classes": bool((ordered[:, 0] >= 0).all() and (ordered[:, -1] < samples.classes).all()),
        "kept classes differ": bool((np.diff(ordered, axis=1) > 0).all()),
        "kept gaps fall": bool((np.diff(samples.gaps.astype(np.float32), axis=1) <= 0).all()),
    }


def _rules_of_labels(columns: Columns, k: int) -> dict[str, bool]:
    if bool((columns.labels == UNLABELLED).all()):
        return {
            "images without labels have no rank and no gap": bool(
                (columns.true_rank == UNLABELLED).all() and np.isnan(columns.true_gap).all()
            )
        }
    return {
        "labels are classes": bool(((columns.labels >= 0) & (columns.labels < k)).all()),
        "ranks are ranks": bool(((columns.true_rank >= 0) & (columns.true_rank < k)).all()),
        "the gap of the label is at most 0": bool((columns.true_gap <= 0).all()),
        "rank 0 is the argmax": bool(((columns.true_rank == 0) == (columns.argmax == columns.labels)).all()),
    }
