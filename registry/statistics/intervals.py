"""Intervals from counts and from a few runs."""

from collections.abc import Sequence
from functools import cache
from math import exp, inf, isinf, lgamma, log, log1p, sqrt
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

LEVEL = 0.95


class Interval(NamedTuple):
    """Two-sided confidence limits."""

    low: float
    high: float


def wilson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval for a share of ``n`` independent trials (Wilson 1927).

    >>> [round(limit, 4) for limit in wilson(9, 10)]
    [0.5958, 0.9821]
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"expected 0 <= successes <= n and n >= 1, got {successes} of {n}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    # At the ends the exact limit is the share itself; rounding must not leave [0, 1].
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low, high)


def clopper_pearson(successes: int, n: int, level: float = LEVEL) -> Interval:
    """The exact interval of a share (Clopper and Pearson 1934): never too narrow, and wider than Wilson's.

    The ImageNet testbed prints it at the level 0.995.

    >>> [round(limit, 4) for limit in clopper_pearson(9, 10)]
    [0.555, 0.9975]
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"expected 0 <= successes <= n and n >= 1, got {successes} of {n}")
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else _beta_quantile(tail, successes, n - successes + 1)
    high = 1.0 if successes == n else _beta_quantile(1 - tail, successes + 1, n - successes)
    return Interval(low, high)


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """Where the regularised incomplete beta function, which rises, reaches ``probability``."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        low, high = (middle, high) if incomplete_beta(middle, a, b) < probability else (low, middle)


def normal_interval_from_std(mean: float, std: float, runs: int, level: float = LEVEL) -> Interval:
    """Student's t interval of a mean over ``runs`` runs with the sample standard deviation ``std`` (n - 1).

    It speaks of the runs' randomness (seeds) only: not of the finite test set, nor of another training of the model.

    >>> [round(limit, 4) for limit in normal_interval_from_std(0.5, 0.01, 5)]
    [0.4876, 0.5124]
    """
    if runs < 2:
        raise ValueError(f"an interval over runs needs at least 2 of them, got {runs}")
    half = student_t_quantile((1 + level) / 2, runs - 1) * std / sqrt(runs)
    return Interval(mean - half, mean + half)


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Student's t interval of the mean of ``values``, at least two of them."""
    return normal_interval_from_std(fmean(values), stdev(values) if len(values) > 1 else inf, len(values), level)


@cache
def student_t_quantile(probability: float, degrees: float) -> float:
    """The quantile of Student's t distribution with ``degrees`` degrees of freedom (whole or not), to about 1e-12.

    >>> round(student_t_quantile(0.975, 4), 6)
    2.776445
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"expected 0 < probability < 1 and degrees >= 1, got {probability} and {degrees}")
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -student_t_quantile(1 - probability, degrees)
    # P(T > t) = I_x(degrees / 2, 1 / 2) / 2 with x = degrees / (degrees + t^2): solve for x, which is monotone.
    tail, low, high = 2 * (1 - probability), 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if incomplete_beta(middle, degrees / 2, 0.5) < tail else (low, middle)
    return sqrt(degrees * (1 - high) / high)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # where the fraction of the mirrored function converges faster
        return 1 - incomplete_beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front * _beta_fraction(x, a, b)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """1 / (1 + d1 / (1 + d2 / (1 + ...))), evaluated forwards by the modified Lentz method."""
    tiny = 1e-300
    value, c, d = 1.0, 1.0, 0.0
    for term in range(1, 1000):
        m = term // 2
        if term % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / ((1 + numerator * d) or tiny)
        c = (1 + numerator / c) or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return 0.0 if isinf(value) else 1 / value
