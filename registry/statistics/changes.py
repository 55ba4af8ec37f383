"""Error against the dense parent, relatively: (E - E_dense) / E_dense, below zero is better (arXiv:2111.13445)."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from .intervals import LEVEL, Interval


class Change(NamedTuple):
    """A relative error change (0.2 = a fifth more errors) and its standard error; None when no spread is known."""

    value: float
    standard_error: float | None

    def interval(self, level: float = LEVEL) -> Interval | None:
        """The normal interval; None without a standard error."""
        if self.standard_error is None:
            return None
        half = NormalDist().inv_cdf((1 + level) / 2) * self.standard_error
        return Interval(self.value - half, self.value + half)


def relative_error_change(
    accuracy: float,
    dense_accuracy: float,
    standard_error: float | None = None,
    dense_standard_error: float | None = None,
) -> Change:
    """On one task, with the standard error by the delta method from those of the two accuracies (independent runs).

    With E = 1 - accuracy: var(E / E_d) = var(E) / E_d^2 + E^2 var(E_d) / E_d^4. Raises ValueError when the dense model
    makes no error, for then there is no relative change.

    >>> change = relative_error_change(0.88, 0.90)
    >>> round(change.value, 12), change.standard_error
    (0.2, None)
    """
    error, dense_error = 1 - accuracy, 1 - dense_accuracy
    if dense_error <= 0:
        raise ValueError("the dense model makes no error: a relative change does not exist")
    value = (error - dense_error) / dense_error
    if standard_error is None or dense_standard_error is None:
        return Change(value, None)
    own, dense = standard_error / dense_error, error * dense_standard_error / dense_error**2
    return Change(value, sqrt(own**2 + dense**2))


def mean_relative_error_change(changes: Sequence[Change]) -> Change:
    """The plain mean over tasks; the standard error treats tasks as given and their runs as independent."""
    if not changes:
        raise ValueError("expected at least one task")
    errors = [change.standard_error for change in changes]
    known = [error for error in errors if error is not None]
    value = sum(change.value for change in changes) / len(changes)
    if len(known) < len(errors):
        return Change(value, None)
    return Change(value, sqrt(sum(error**2 for error in known)) / len(changes))
