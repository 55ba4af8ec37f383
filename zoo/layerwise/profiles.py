"""Which level every layer gets, under a budget: dynamic programming over layers, and SPDY's search around it.

A *profile* is one level for each layer. The program finds the profile of least summed loss whose summed price (kept
weights, FLOPs, seconds) is within a budget. Losses of single layers are a poor guide to that of the network; SPDY
multiplies each layer's by a coefficient, asks the network itself how good the profile is, and searches for the
coefficients: first at random, then by changing some of the best. Frantar & Alistarh, "SPDY: Accurate Pruning with
Speedup Guarantees" (arXiv 2201.13096); IST-DASLab/spdy @0702e4b.
"""

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray

from ..core.errors import UsageError

BUCKETS = 10_000
Profile = tuple[int, ...]
Table = Sequence[Sequence[float]]  # of each layer the values of its levels


def best_profile(losses: Table, prices: Table, budget: float, buckets: int = BUCKETS) -> Profile:
    """The levels of least summed loss whose prices do not exceed ``budget`` together.

    Prices are rounded up to a ``buckets``-th of the budget, so that a profile never costs more than it may (the public
    programs round to the nearest, and drop levels whose price rounds to zero); exact where they are multiples of it.
    Raises :class:`UsageError` where not even the cheapest levels fit.
    """
    profile = Budgets(losses, prices, budget, buckets).profile(buckets)
    if profile is None:
        raise UsageError(
            f"A budget of {budget:g} is less than the sparsest levels of all layers cost, "
            f"{sum(min(row) for row in prices):g}.",
            "Ask for less sparsity, or more levels.",
        )
    return profile


class Budgets:
    """The best profiles for all budgets k · ``budget`` / ``buckets`` at once: one run of the program."""

    def __init__(self, losses: Table, prices: Table, budget: float, buckets: int = BUCKETS) -> None:
        self.unit = budget / buckets
        # A price that is a multiple but for its last digits is one.
        self._steps = [[ceil(price / self.unit * (1 - 1e-12)) if price > 0 else 0 for price in row] for row in prices]
        self._chosen: list[NDArray[np.intp]] = []
        best = np.zeros(buckets + 1)
        for row, cost in zip(losses, self._steps, strict=True):
            candidates = np.full((len(row), buckets + 1), np.inf)
            for level, (loss, step) in enumerate(zip(row, cost, strict=True)):
                if step <= buckets:
                    candidates[level, step:] = best[: buckets + 1 - step] + loss
            self._chosen.append(candidates.argmin(0))
            best = candidates.min(0)
        self._losses = best

    def profile(self, bucket: int) -> Profile | None:
        """The best one for that budget; None where nothing is so cheap."""
        if not np.isfinite(self._losses[bucket]):
            return None
        levels = []
        for chosen, cost in zip(reversed(self._chosen), reversed(self._steps), strict=True):
            levels.append(int(chosen[bucket]))
            bucket -= cost[levels[-1]]
        return tuple(reversed(levels))


def search_profile(
    solve: Callable[[Sequence[float]], Profile],
    loss: Callable[[Profile], float],
    layers: int,
    generator: torch.Generator,
    *,
    starts: int = 100,
    patience: int = 100,
    share: float = 0.1,
) -> Profile:
    """The best profile that random coefficients in [0, 1] and a local search around the best of them lead to.

    ``solve(coefficients)`` gives a profile, ``loss(profile)`` what the network makes of it (asked once for each). After
    ``starts`` random points, ``share`` of the coefficients are drawn anew, then one fewer, down to one; each number is
    tried until ``patience`` tries in a row bring nothing.
    """
    known: dict[Profile, float] = {}

    def score(coefficients: torch.Tensor) -> float:
        profile = solve(coefficients.tolist())
        if profile not in known:
            known[profile] = loss(profile)
        return known[profile]

    def draw(count: int) -> torch.Tensor:
        return torch.rand(count, generator=generator, dtype=torch.float64)

    points = [torch.ones(layers, dtype=torch.float64), *(draw(layers) for _ in range(starts))]
    best = min(points, key=score)
    for changed in range(max(1, round(share * layers)), 0, -1):
        idle = 0
        while idle < patience:
            places = torch.randint(layers, (changed,), generator=generator)
            candidate = best.clone()
            candidate[places] = draw(changed)
            idle = 0 if score(candidate) < score(best) else idle + 1
            best = candidate if idle == 0 else best
    return solve(best.tolist())
