"""What metrics read: a few numbers an image, worked out once from its logits.

Fifty thousand images of a thousand classes are 400 MB of float64 logits and 1.6 MB of these columns. All of them are
differences from the image's largest logit, so that nothing is lost where a network is sure of itself: the confidence
is exp(-log_normaliser), and 1 - confidence keeps its digits down to 1e-38 where the float32 probability is 1.
"""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

from .errors import LogitsError
from .logits import Logits, Probabilities, check_labels

CHUNK_ELEMENTS = 1 << 20
"""Logits that are widened to float64 at a time."""

UNLABELLED = -1
"""The label, and the rank, of an image of none of the network's classes; its ``true_gap`` is NaN."""

LABEL_COLUMNS = ("labels", "true_rank", "true_gap")


@dataclass(frozen=True, eq=False)
class Columns:
    """The per-image columns; ``z`` are an image's logits, ``m`` the largest of them, ``y`` the label.

    ``argmax``: the first class with the largest logit. ``true_rank``: how many classes stand before ``y`` when classes
    are ordered by falling logit, equal ones by index (0 = correct). ``max_logit``: m. ``log_normaliser``:
    log sum exp(z - m), so 0 <= it <= log k. ``true_gap``: z[y] - m <= 0. ``rest_squares``: the sum of squared
    probabilities without the largest. ``entropy``: of the probabilities, in nats.
    """

    labels: Int[np.ndarray, " n"]
    argmax: Int[np.ndarray, " n"]
    true_rank: Int[np.ndarray, " n"]
    max_logit: Float[np.ndarray, " n"]
    log_normaliser: Float[np.ndarray, " n"]
    true_gap: Float[np.ndarray, " n"]
    rest_squares: Float[np.ndarray, " n"]
    entropy: Float[np.ndarray, " n"]

    def labelled(self) -> bool:
        """Whether the images have labels; either all of them have or none."""
        return bool(self.labels[0] != UNLABELLED)

    def confidence(self) -> Float[np.ndarray, " n"]:
        """The largest probability of each image, in float64."""
        confidence: Float[np.ndarray, " n"] = np.exp(-self.log_normaliser.astype(np.float64))
        return confidence

    def correct(self) -> Float[np.ndarray, " n"]:
        """1 where the largest logit is the label's, else 0."""
        correct: Float[np.ndarray, " n"] = (self.true_rank == 0).astype(np.float64)
        return correct


@dataclass(frozen=True, eq=False)
class Samples:
    """The columns of a set of images and, for metrics over all classes, their gaps z - m (n x k, all <= 0)."""

    columns: Columns
    gaps: Float[np.ndarray, "n k"]

    def __len__(self) -> int:
        return len(self.gaps)

    @property
    def classes(self) -> int:
        """The number of classes k."""
        return int(self.gaps.shape[1])

    def probabilities(self) -> Probabilities:
        """All probabilities, in float64."""
        return Logits(self.gaps).softmax()

    def at_temperature(self, temperature: float) -> "Samples":
        """The same images with every logit divided by ``temperature``; ranks stay, everything else is worked out anew.

        ``true_gap`` is kept apart from ``gaps``, which may be rounded, and is divided itself.
        """
        scaled = Logits(self.gaps).scaled(temperature)
        columns = _columns(scaled.values, self.columns.labels.astype(np.int64) if self.columns.labelled() else None)
        exact = {
            "argmax": self.columns.argmax,
            "true_rank": self.columns.true_rank,
            "max_logit": self.columns.max_logit.astype(np.float64) / temperature,
            "true_gap": self.columns.true_gap.astype(np.float64) / temperature,
        }
        return Samples(Columns(**{**_as_dict(columns), **exact}), scaled.values)


def samples_of(logits: Logits, labels: Int[np.ndarray, " n"] | None) -> Samples:
    """The columns and gaps of ``logits``, in float64; ``labels`` is None for images of no class (out-of-distribution).

    Raises :class:`~benchmark.errors.LogitsError` for labels that are no class.

    >>> samples = samples_of(Logits(np.array([[0.0, np.log(3.0)]])), np.array([0]))
    >>> float(samples.columns.confidence()[0].round(4)), int(samples.columns.true_rank[0])
    (0.75, 1)
    """
    rows, classes = logits.values.shape
    if labels is not None:
        check_labels(labels, rows, classes)
    step = max(1, CHUNK_ELEMENTS // classes)
    gaps = np.empty((rows, classes))
    parts = []
    for start in range(0, rows, step):
        block = logits.values[start : start + step].astype(np.float64)
        part = _columns(block, None if labels is None else labels[start : start + step].astype(np.int64))
        gaps[start : start + step] = block - part.max_logit[:, None]
        parts.append(_as_dict(part))
    return Samples(Columns(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]}), gaps)


def _columns(z: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"] | None) -> Columns:
    rows = np.arange(len(z))
    argmax = z.argmax(axis=1)
    largest = z[rows, argmax]
    gaps = z - largest[:, None]
    weights = np.exp(gaps)
    weights[rows, argmax] = 0.0
    rest = weights.sum(axis=1)
    log_normaliser = np.log1p(rest)
    return Columns(
        labels=np.full(len(z), UNLABELLED) if labels is None else labels,
        argmax=argmax,
        true_rank=np.full(len(z), UNLABELLED) if labels is None else _ranks(z, labels),
        max_logit=largest,
        log_normaliser=log_normaliser,
        true_gap=np.full(len(z), np.nan) if labels is None else gaps[rows, labels],
        rest_squares=np.einsum("nk,nk->n", weights, weights) / (1.0 + rest) ** 2,
        entropy=log_normaliser - np.einsum("nk,nk->n", weights, gaps) / (1.0 + rest),
    )


def _ranks(z: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """How many classes stand before the label: those with larger logits, and equal ones of smaller index."""
    true = z[np.arange(len(z)), labels][:, None]
    before: Int[np.ndarray, " n"] = (z > true).sum(axis=1)
    # Only rows with equal logits pay for ordering them.
    for row in np.flatnonzero((z == true).sum(axis=1) > 1):
        before[row] += int((z[row, : labels[row]] == true[row]).sum())
    return before


def _as_dict(columns: Columns) -> dict[str, np.ndarray]:
    return {field.name: getattr(columns, field.name) for field in fields(columns)}


def check_columns(samples: Samples) -> None:
    """Raise :class:`~benchmark.errors.LogitsError` where columns contradict each other or the gaps."""
    broken = [rule for rule, holds in _rules(samples).items() if not holds]
    if broken:
        raise LogitsError(f"These predictions break: {'; '.join(broken)}.")


def _rules(samples: Samples) -> dict[str, bool]:
    columns, n, k = samples.columns, len(samples), samples.classes
    numbers = [values for name, values in _as_dict(columns).items() if name not in LABEL_COLUMNS]
    rules = {
        "there are images and classes": n > 0 and k > 0,
        "no number is NaN or infinite": all(np.isfinite(values).all() for values in (*numbers, samples.gaps)),
        "argmax is a class": bool(((columns.argmax >= 0) & (columns.argmax < k)).all()),
        "no logit is above the largest": bool((samples.gaps <= 0).all()),
        "no normaliser, entropy or square is below 0": all(
            bool((values >= 0).all()) for values in (columns.log_normaliser, columns.entropy, columns.rest_squares)
        ),
    }
    if not all(rules.values()):
        return rules
    rules["the gap of the argmax is 0"] = bool((samples.gaps[np.arange(n), columns.argmax] == 0).all())
    if bool((columns.labels == UNLABELLED).all()):
        rules["images without labels have no rank and no gap"] = bool(
            (columns.true_rank == UNLABELLED).all() and np.isnan(columns.true_gap).all()
        )
        return rules
    rules["labels are classes"] = bool(((columns.labels >= 0) & (columns.labels < k)).all())
    rules["ranks are ranks"] = bool(((columns.true_rank >= 0) & (columns.true_rank < k)).all())
    rules["the gap of the label is at most 0"] = bool((columns.true_gap <= 0).all())
    rules["rank 0 is the argmax"] = bool(((columns.true_rank == 0) == (columns.argmax == columns.labels)).all())
    return rules
