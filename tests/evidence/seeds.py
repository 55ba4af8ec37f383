"""Means over seeds with their 95 % interval (Student's t), and differences seed by seed."""

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev
from typing import NamedTuple

T_975 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Quantiles of Student's t with one degree of freedom less than so many seeds."""


class Mean(NamedTuple):
    """``half_width`` is None for a single seed: no interval."""

    value: float
    half_width: float | None
    seeds: int


def over_seeds(values: Sequence[float]) -> Mean | None:
    """None of nothing.

    >>> over_seeds([0.90, 0.92, 0.91])
    Mean(value=0.91, half_width=0.024843382043402656, seeds=3)
    """
    if not values:
        return None
    if len(values) == 1:
        return Mean(values[0], None, 1)
    return Mean(mean(values), T_975[len(values)] * stdev(values) / sqrt(len(values)), len(values))


def verdict(ours: dict[int, float], others: dict[int, float]) -> str | None:
    """Whether the paired differences are "above" 0, "below", or the "same"; None without two common seeds."""
    found = over_seeds([ours[seed] - others[seed] for seed in ours if seed in others])
    if found is None or found.half_width is None:
        return None
    if abs(found.value) <= found.half_width:
        return "same"
    return "above" if found.value > 0 else "below"
