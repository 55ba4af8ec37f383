"""Logits and probabilities as two types: which one an array holds is never guessed from its values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .errors import LogitsError

SUM_TOLERANCE = 1e-4
"""How far the sum of one row of probabilities may be from 1 (rounding of float16 probabilities over 1,000 classes)."""


@dataclass(frozen=True, eq=False)
class Logits:
    """Unnormalised log-probabilities, one row an image.

    Raises :class:`~benchmark.errors.LogitsError` for no rows, no classes, NaN or infinities: a network that returns
    them has no prediction, and a metric must not invent one.

    >>> Logits(np.array([[0.0, np.log(3.0)]])).softmax().values.round(2).tolist()
    [[0.25, 0.75]]
    """

    values: Float[np.ndarray, "n k"]

    def __post_init__(self) -> None:
        _check_rows("logits", self.values)

    def log_softmax(self) -> Float[np.ndarray, "n k"]:
        """Natural logarithms of the probabilities, in float64 whatever the logits' precision.

        The logarithm is never taken of a probability: those of a saturated network, clipped in float32, give an NLL of
        2.98 nats where the truth is 3.49.
        """
        shifted = self.values.astype(np.float64)
        shifted -= shifted.max(axis=1, keepdims=True)
        shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return shifted

    def softmax(self) -> "Probabilities":
        """The probabilities, in float64."""
        return Probabilities(np.exp(self.log_softmax()))

    def restricted(self, classes: Sequence[int]) -> "Logits":
        """The columns of ``classes`` in that order: column i of the result is class ``classes[i]`` (ImageNet-A, -R).

        Label spaces are cut in logits, before the softmax; probabilities that are cut no longer sum to one. Raises
        :class:`~benchmark.errors.LogitsError` for classes that repeat or do not exist.
        """
        chosen = np.asarray(classes, dtype=np.int64)
        if chosen.size == 0 or chosen.min() < 0 or chosen.max() >= self.values.shape[1]:
            raise LogitsError(
                f"Expected classes between 0 and {self.values.shape[1] - 1}, got {_range_of(chosen)}.",
                "Restrict the logits of the whole label space, once.",
            )
        if np.unique(chosen).size != chosen.size:
            raise LogitsError(f"{chosen.size - np.unique(chosen).size} of the {chosen.size} classes repeat.")
        return Logits(np.ascontiguousarray(self.values[:, chosen]))

    def scaled(self, temperature: float) -> "Logits":
        """The logits divided by ``temperature`` > 0, in float64."""
        if not (np.isfinite(temperature) and temperature > 0):
            raise LogitsError(f"Expected a temperature above 0, got {temperature}.")
        return Logits(self.values.astype(np.float64) / temperature)


@dataclass(frozen=True, eq=False)
class Probabilities:
    """Probabilities, one row an image; every row sums to one.

    Raises :class:`~benchmark.errors.LogitsError` for no rows, values outside [0, 1], or rows that do not sum to one.
    """

    values: Float[np.ndarray, "n k"]

    def __post_init__(self) -> None:
        _check_rows("probabilities", self.values)
        off = np.abs(self.values.sum(axis=1, dtype=np.float64) - 1).max()
        if self.values.min() < 0 or self.values.max() > 1 + SUM_TOLERANCE or off > SUM_TOLERANCE:
            raise LogitsError(
                "Expected probabilities that lie in [0, 1] and sum to 1 in every row, got values in "
                f"[{self.values.min():.4g}, {self.values.max():.4g}] and a sum that is off by {off:.2g}.",
                "If these are logits, use Logits.",
            )


def check_labels(labels: Int[np.ndarray, " n"], rows: int, classes: int) -> None:
    """Raise :class:`~benchmark.errors.LogitsError` unless there is one label a row, each in [0, classes)."""
    if labels.shape[0] != rows:
        raise LogitsError(f"Expected {rows} labels, one an image, got {labels.shape[0]}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise LogitsError(
            f"Expected labels between 0 and {classes - 1}, got {_range_of(labels)}.",
            "Labels count from 0; a restricted label space has its own labels.",
        )


def _check_rows(what: str, values: Float[np.ndarray, "n k"]) -> None:
    rows, classes = values.shape
    if rows == 0 or classes == 0:
        raise LogitsError(f"Expected {what} of at least one image and one class, got {rows} x {classes}.")
    # A NaN passes through both extremes: two reads of the array, and no copy of it where all is well.
    if not (np.isfinite(values.min()) and np.isfinite(values.max())):
        finite = np.isfinite(values).all(axis=1)
        raise LogitsError(
            f"The {what} of {rows - int(finite.sum())} of {rows} images are NaN or infinite; the first is image "
            f"{int(np.argmin(finite))}.",
            "A model that predicts no number cannot be measured.",
        )


def _range_of(values: Int[np.ndarray, " n"]) -> str:
    return f"{values.min()} to {values.max()}" if values.size else "none"
