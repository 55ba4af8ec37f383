"""What metrics read: a few numbers an image, worked out in one pass over its logits.

Fifty thousand images of a thousand classes are 200 MB of float32 logits and at most 64 bytes an image of these columns.
All of them are differences from the image's largest logit, so that nothing is lost where a network is sure of itself:
the confidence is exp(-log_normaliser), and 1 - confidence keeps its digits down to 1e-38 where the float32 probability
is 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

CHUNK_ELEMENTS = 1 << 17
"""Logits that are worked on at a time: half a megabyte of float32, so that a chunk stays in a processor's cache."""

UNLABELLED = -1
"""The label, and the rank, of an image of none of the network's classes; its ``true_gap`` is NaN."""

LABEL_COLUMNS = ("labels", "true_rank", "true_gap")
INTEGER_COLUMNS = ("labels", "argmax", "true_rank")


@dataclass(frozen=True, eq=False)
class Columns:
    """The per-image columns; ``z`` are an image's logits, ``m`` the largest of them, ``y`` the label.

    ``argmax``: the first class with the largest logit. ``true_rank``: how many classes stand before ``y`` when classes
    are ordered by falling logit, equal ones by index (0 = correct). ``max_logit``: m. ``log_normaliser``:
    log sum exp(z - m), so 0 <= it <= log k. ``true_gap``: z[y] - m <= 0. ``rest_squares``: the sum of squared
    probabilities without the largest. ``entropy``: of the probabilities, in nats.

    What not every set has is None: ``expected_entropy``, the mean entropy in nats of the networks drawn from a
    posterior; ``mahalanobis`` and ``knn``, scores of features against those of training images; ``scaled_...``, the
    columns of the logits divided by the fitted temperature, where not all logits are kept to work them out from.
    """

    labels: Int[np.ndarray, " n"]
    argmax: Int[np.ndarray, " n"]
    true_rank: Int[np.ndarray, " n"]
    max_logit: Float[np.ndarray, " n"]
    log_normaliser: Float[np.ndarray, " n"]
    true_gap: Float[np.ndarray, " n"]
    rest_squares: Float[np.ndarray, " n"]
    entropy: Float[np.ndarray, " n"]
    expected_entropy: Float[np.ndarray, " n"] | None = None
    mahalanobis: Float[np.ndarray, " n"] | None = None
    knn: Float[np.ndarray, " n"] | None = None
    scaled_log_normaliser: Float[np.ndarray, " n"] | None = None
    scaled_rest_squares: Float[np.ndarray, " n"] | None = None
    scaled_entropy: Float[np.ndarray, " n"] | None = None

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

    def present(self) -> dict[str, np.ndarray]:
        """The columns that there are, by name."""
        return {field.name: values for field in fields(self) if (values := getattr(self, field.name)) is not None}

    def taken(self, rows: Int[np.ndarray, " m"]) -> "Columns":
        """The same columns of other rows."""
        return Columns(**{name: values[rows] for name, values in self.present().items()})


def columns_of(
    logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"] | None, temperature: float = 1.0
) -> Columns:
    """The columns of finite ``logits`` divided by ``temperature``, in one pass of small chunks.

    Float32 logits are worked on in float32, others in float64: sums of a thousand probabilities keep seven digits,
    which is what is stored. Neither chunks nor other rows leave a trace in a row.
    """
    return joined(
        _columns(_scaled(logits[rows], temperature), None if labels is None else labels[rows])
        for rows in chunks(*logits.shape)
    )


def joined(parts: Iterable[Columns]) -> Columns:
    """The columns of several sets of images as one set, all with the same columns."""
    present = [part.present() for part in parts]
    return Columns(**{name: np.concatenate([part[name] for part in present]) for name in present[0]})


def chunks(rows: int, classes: int) -> Iterable[slice]:
    """Slices of whole rows that hold ``CHUNK_ELEMENTS`` logits."""
    step = max(1, CHUNK_ELEMENTS // classes)
    return (slice(start, start + step) for start in range(0, rows, step))


def _scaled(logits: Float[np.ndarray, "n k"], temperature: float) -> Float[np.ndarray, "n k"]:
    wide: Float[np.ndarray, "n k"] = logits.astype(np.float32 if logits.dtype == np.float32 else np.float64, copy=False)
    if temperature != 1.0:
        wide = np.divide(wide, temperature, dtype=wide.dtype)
    return wide


def _columns(z: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"] | None) -> Columns:
    rows = np.arange(len(z))
    argmax = z.argmax(axis=1)
    largest = z[rows, argmax]
    gaps = z - largest[:, None]
    weights = np.exp(gaps)
    weights[rows, argmax] = 0.0
    rest = weights.sum(axis=1).astype(np.float64)
    log_normaliser = np.log1p(rest)
    return Columns(
        labels=np.full(len(z), UNLABELLED, np.int32) if labels is None else labels.astype(np.int32),
        argmax=argmax.astype(np.int32),
        true_rank=_ranks(z, argmax, labels),
        max_logit=largest.astype(np.float64),
        log_normaliser=log_normaliser,
        true_gap=np.full(len(z), np.nan) if labels is None else gaps[rows, labels].astype(np.float64),
        rest_squares=np.einsum("nk,nk->n", weights, weights) / (1.0 + rest) ** 2,
        entropy=log_normaliser - np.einsum("nk,nk->n", weights, gaps) / (1.0 + rest),
    )


def _ranks(
    z: Float[np.ndarray, "n k"], argmax: Int[np.ndarray, " n"], labels: Int[np.ndarray, " n"] | None
) -> Int[np.ndarray, " n"]:
    """How many classes stand before the label: those with larger logits, and equal ones of smaller index."""
    if labels is None:
        return np.full(len(z), UNLABELLED, np.int32)
    before = np.zeros(len(z), np.int32)
    # Only mistakes pay for counting, and of these only rows with equal logits for ordering them.
    wrong = np.flatnonzero(argmax != labels)
    if wrong.size:
        others, true = z[wrong], z[wrong, labels[wrong]][:, None]
        before[wrong] = (others > true).sum(axis=1)
        for row in np.flatnonzero((others == true).sum(axis=1) > 1):
            before[wrong[row]] += int((others[row, : labels[wrong[row]]] == true[row]).sum())
    return before
