"""Interval formulas of one value."""

from math import sqrt
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

LEVEL = 0.95


def wilson(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of ``successes`` in ``n`` trials (Wilson 1927)."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def basic_bootstrap_interval(
    value: float, replicates: Float[np.ndarray, " r"], level: float = LEVEL
) -> tuple[float, float]:
    """The basic (reverse percentile) interval: 2 value - quantiles, which mirrors away the bootstrap's bias."""
    low, high = np.quantile(replicates, [0.5 - level / 2, 0.5 + level / 2])
    return float(2 * value - high), float(2 * value - low)
