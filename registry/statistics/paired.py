"""Two models on the same images."""

from collections.abc import Sequence
from math import exp, lgamma, log
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .bootstrap import basic_bootstrap_interval
from .intervals import LEVEL, Interval, incomplete_beta


class McNemar(NamedTuple):
    """``only_first`` images that only the first model gets right, ``only_second`` the other way; two-sided p values."""

    only_first: int
    only_second: int
    p_exact: float
    p_mid: float


def mcnemar(first_correct: npt.ArrayLike, second_correct: npt.ArrayLike) -> McNemar:
    """McNemar's test on two correctness vectors over the same images, for models with one seed each.

    ``p_exact`` is the binomial test on the images where they differ (conservative), ``p_mid`` its mid-p version
    (Fagerland et al. 2013), which is the one to read.

    >>> mcnemar([1, 1, 1, 0], [1, 0, 0, 1])
    McNemar(only_first=2, only_second=1, p_exact=1.0, p_mid=0.625)
    """
    first, second = np.asarray(first_correct, dtype=bool), np.asarray(second_correct, dtype=bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"expected two vectors over the same images, got {first.shape} and {second.shape}")
    only_first, only_second = int((first & ~second).sum()), int((~first & second).sum())
    n, fewer = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return McNemar(0, 0, 1.0, 1.0)
    # P(X <= k) for X ~ Binomial(n, 1/2) is I_{1/2}(n - k, k + 1).
    tail = incomplete_beta(0.5, n - fewer, fewer + 1)
    point = exp(lgamma(n + 1) - lgamma(fewer + 1) - lgamma(n - fewer + 1) - n * log(2))
    exact = min(1.0, 2 * tail)
    mid = 2 * tail - point if only_first != only_second else 1 - point / 2
    return McNemar(only_first, only_second, exact, round(mid, 15))


def paired_bootstrap_difference(
    first: float,
    second: float,
    first_replicates: npt.ArrayLike,
    second_replicates: npt.ArrayLike,
    level: float = LEVEL,
) -> Interval:
    """The basic interval of ``first - second`` from replicates that were drawn with one seed (paired resamples)."""
    one, other = np.asarray(first_replicates, dtype=np.float64), np.asarray(second_replicates, dtype=np.float64)
    if one.shape != other.shape:
        raise ValueError(f"expected replicates of one drawing, got {one.size} and {other.size}")
    return basic_bootstrap_interval(first - second, one - other, level)


def holm(p_values: Sequence[float]) -> list[float]:
    """p values adjusted for being many, in their order: below 0.05 each, at most one family in twenty has a false one.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = largest
    return adjusted
