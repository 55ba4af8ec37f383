"""Ranks that admit what the noise hides."""

from collections.abc import Sequence
from math import hypot
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 14  # differences at a time: what stays near the processor


class RankInterval(NamedTuple):
    """The best and the worst place that the intervals allow, from 1."""

    best: int
    worst: int


def rank_intervals(
    values: Sequence[float | None], halves: Sequence[float | None], *, higher_is_better: bool
) -> list[RankInterval | None]:
    """For each value with its interval's half width, the places it may hold; None where either is None.

    Two entries are told apart when their difference exceeds the root of the summed squares of their half widths, which
    is the half width of the difference. Entries without an interval have no rank and count for nobody else. The level
    is that of the intervals, not corrected for the number of pairs.

    >>> rank_intervals([0.0, 1.0, 9.0], [1.0, 1.0, 1.0], higher_is_better=False)
    [RankInterval(best=1, worst=2), RankInterval(best=1, worst=2), RankInterval(best=3, worst=3)]
    """
    known = _known(values, halves)
    value, half = np.array(list(known.values()), dtype=float).reshape(-1, 2).T
    beaten = beaten_by(-value if higher_is_better else value, half)
    better, worse = beaten.sum(axis=1).tolist(), beaten.sum(axis=0).tolist()
    ranks: list[RankInterval | None] = [None] * len(values)
    for index, place in enumerate(known):
        ranks[place] = RankInterval(1 + better[index], len(known) - worse[index])
    return ranks


def beaten_by(value: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Of n values where lower is better: (n, n), whether the first's is larger than the second's beyond their noise.

    A comparison with NaN is False.
    """
    count, square = len(value), half * half
    beaten = np.empty((count, count), dtype=bool)
    step = max(1, _BLOCK // max(count, 1))
    for start in range(0, count, step):
        rows = slice(start, start + step)
        excess = value[rows, None] - value
        larger = excess > 0
        excess *= excess
        excess -= square
        np.logical_and(larger, excess > square[rows, None], out=beaten[rows])
    return beaten


def tie_groups(
    values: Sequence[float | None], halves: Sequence[float | None], *, higher_is_better: bool
) -> list[int | None]:
    """A group number from 1 for each entry: a group is its best entry and those that cannot be told apart from it.

    Groups are cut from the best downwards, so every entry is in one group; two neighbours across a cut may still be
    hard to tell apart, which :func:`rank_intervals` shows.

    >>> tie_groups([0.90, 0.89, 0.50], [0.01, 0.01, 0.01], higher_is_better=True)
    [1, 1, 2]
    """
    known = _known(values, halves)
    order = sorted(known, key=lambda place: known[place][0], reverse=higher_is_better)
    groups: list[int | None] = [None] * len(values)
    leader, group = None, 0
    for place in order:
        if leader is None or _apart(*known[leader], *known[place]):
            leader, group = place, group + 1
        groups[place] = group
    return groups


def _known(values: Sequence[float | None], halves: Sequence[float | None]) -> dict[int, tuple[float, float]]:
    if len(values) != len(halves):
        raise ValueError(f"expected one half width per value, got {len(halves)} for {len(values)}")
    pairs = enumerate(zip(values, halves, strict=True))
    return {place: (value, half) for place, (value, half) in pairs if value is not None and half is not None}


def _apart(value: float, half: float, other: float, other_half: float) -> bool:
    return abs(value - other) > hypot(half, other_half)
