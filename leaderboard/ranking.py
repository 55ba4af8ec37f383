"""Ranks as intervals: what cannot be told apart shares a place."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.statistics import rank_intervals

from .changes import Change


@dataclass(frozen=True)
class Rank:
    """The best and the worst place that the noise allows, counted from 1 among the rows in view.

    >>> str(Rank(2, 4)), str(Rank(1, 1))
    ('2–4', '1')
    """

    best: int
    worst: int

    def __str__(self) -> str:
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"

    @property
    def may_be_first(self) -> bool:
        """Whether nothing in the view is resolvably better."""
        return self.best == 1


def ranks(changes: Sequence[Change | None]) -> list[Rank | None]:
    """For each change its rank by the checkpoints' own noise (they share the dense parent's); None without an interval.

    >>> [str(rank) for rank in ranks([Change(0, 2, 1, ""), Change(1, 2, 1, ""), Change(9, 2, 1, "")])]
    ['1–2', '1–2', '3']
    """
    found = rank_intervals(
        [None if change is None else change.value for change in changes],
        [None if change is None else change.own for change in changes],
        higher_is_better=False,
    )
    return [None if interval is None else Rank(interval.best, interval.worst) for interval in found]
