"""How much every layer loses under one budget: from tables of losses and prices to counts that add up."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..allocation import Counts
from ..core.errors import UsageError
from .levels import PrunedRows, level_counts, settled
from .profiles import BUCKETS, Budgets, Profile, Table

Price = Callable[[str, int], float]  # of a layer, by its name, after so many blocks have left
_ZOOMS = 2


@dataclass(frozen=True)
class Choices:
    """The levels of each layer: how many blocks have left, the summed relative loss, and the price of what is left."""

    rows: Mapping[str, PrunedRows]
    levels: Mapping[str, Sequence[int]]
    losses: Table
    prices: Table

    def taken(self, profile: Profile) -> Counts:
        """Blocks that leave each layer."""
        return {name: self.levels[name][level] for name, level in zip(self.rows, profile, strict=True)}

    def within(self, leaving: int, coefficients: Sequence[float] | None = None) -> Profile:
        """The profile of least loss, times ``coefficients``, on the largest budget that lets ``leaving`` leave."""
        factors = [1.0] * len(self.losses) if coefficients is None else coefficients
        losses = [[factor * loss for loss in row] for factor, row in zip(factors, self.losses, strict=True)]
        highest = tuple(len(row) - 1 for row in self.losses)
        if (most := sum(self.taken(highest).values())) < leaving:
            raise UsageError(
                f"The highest levels of all layers make {most} weights leave, not the {leaving} that shall.",
                "Raise highest_level, or ask for less sparsity.",
            )
        budget, found = sum(max(row) for row in self.prices), highest
        for _ in range(_ZOOMS):
            budgets = Budgets(losses, self.prices, budget)
            largest = bisect_left(range(BUCKETS + 1), True, key=lambda b: not self._enough(budgets.profile(b), leaving))
            found = budgets.profile(max(largest - 1, 0)) or found
            budget = min(budget, (largest + len(self.losses)) * budgets.unit)  # finer the next time
        return found

    def _enough(self, profile: Profile | None, leaving: int) -> bool:
        """Whether so many leave; a budget too small for any profile stands for everything at its highest level."""
        return profile is None or sum(self.taken(profile).values()) >= leaving


def choices_of(
    rows: Mapping[str, PrunedRows], price: Price, density_factor: float, highest: float, *, quadratic: bool
) -> Choices:
    """The tables of some layers; ``quadratic`` takes the prior of SPDY's search, (k / last)² at the k-th level."""
    levels = {name: level_counts(part.blocks, density_factor, highest).tolist() for name, part in rows.items()}
    losses = []
    for name, part in rows.items():
        if quadratic:
            losses.append([(k / max(1, len(levels[name]) - 1)) ** 2 for k in range(len(levels[name]))])
        else:
            sums = np.concatenate([[0.0], part.relative_losses().flatten().sort().values.cumsum(0).cpu().numpy()])
            losses.append(sums[levels[name]].tolist())
    return Choices(rows, levels, losses, [[price(name, count) for count in levels[name]] for name in rows])


def exactly(choices: Choices, profile: Profile, leaving: int) -> Counts:
    """The counts of a profile, with as few steps more or fewer as make them add up to ``leaving``."""
    losses = {name: part.relative_losses() for name, part in choices.rows.items()}
    return settled(losses, choices.taken(profile), leaving)


def timing_price(timings: Sequence[tuple[str, float, float]], blocks: Mapping[str, int]) -> Price:
    """Seconds of a layer, by straight lines between its rows (tensor, sparsity, seconds).

    Raises :class:`UsageError` for a layer of ``blocks`` that has no row.
    """
    tables: dict[str, list[tuple[float, float]]] = {name: [] for name in blocks}
    for name, sparsity, seconds in timings:
        tables.setdefault(name, []).append((sparsity, seconds))
    if missing := [name for name, table in tables.items() if not table]:
        raise UsageError(
            f"There is no timing of {', '.join(missing)}.",
            "Give every layer that is pruned (tensor, sparsity, seconds).",
        )

    def price(name: str, left: int) -> float:
        places, seconds = zip(*sorted(tables[name]), strict=True)
        return float(np.interp(left / blocks[name], places, seconds))

    return price
