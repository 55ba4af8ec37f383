"""Budgets: every profile tried, prices never exceeded, and a search that only gets better."""

import itertools

import numpy as np
import pytest
import torch

from zoo.core.errors import UsageError
from zoo.layerwise.profiles import Budgets, Profile, best_profile, search_profile

Table = list[list[float]]


def instance(seed: int, layers: int = 4, levels: int = 5, whole: bool = True) -> tuple[Table, Table]:
    """Losses that rise and prices that fall with the level."""
    generator = np.random.default_rng(seed)
    losses = np.sort(generator.random((layers, levels)), axis=1)
    prices = -np.sort(-generator.integers(0, 60, (layers, levels)), axis=1).astype(float)
    if not whole:
        prices = prices + generator.random((layers, levels))
    return losses.tolist(), prices.tolist()


def summed(table: Table, profile: Profile) -> float:
    return sum(row[level] for row, level in zip(table, profile, strict=True))


def by_enumeration(losses: Table, prices: Table, budget: float) -> float:
    profiles = itertools.product(*(range(len(row)) for row in losses))
    return min((summed(losses, p) for p in profiles if summed(prices, p) <= budget + 1e-9), default=np.inf)


@pytest.mark.parametrize("seed", range(8))
def test_whole_prices_give_the_best_profile_of_all(seed: int) -> None:
    losses, prices = instance(seed)
    for budget in (40, 80, 120):
        if (best := by_enumeration(losses, prices, budget)) == np.inf:
            with pytest.raises(UsageError, match=f"A budget of {budget} is less than the sparsest levels"):
                best_profile(losses, prices, float(budget), buckets=budget)
            continue
        profile = best_profile(losses, prices, float(budget), buckets=budget)
        assert summed(prices, profile) <= budget
        np.testing.assert_allclose(summed(losses, profile), best)


@pytest.mark.parametrize("seed", range(8))
def test_other_prices_never_exceed_the_budget_and_lose_only_the_rounding(seed: int) -> None:
    losses, prices = instance(seed, whole=False)
    budget = 0.6 * sum(row[0] for row in prices)
    profile = best_profile(losses, prices, budget, buckets=200)
    assert summed(prices, profile) <= budget
    tighter = budget * (1 - len(losses) / 200)
    assert by_enumeration(losses, prices, budget) <= summed(losses, profile) + 1e-12
    assert summed(losses, profile) <= by_enumeration(losses, prices, tighter) + 1e-12


def test_levels_that_cost_nothing_may_be_taken() -> None:
    """The public program drops what rounds to no price: here that is all there is."""
    assert best_profile([[0.0, 1.0], [0.0, 1.0]], [[10.0, 0.0], [10.0, 0.0]], 1.0) == (1, 1)
    assert best_profile([[0.0, 1.0], [0.0, 3.0]], [[10.0, 0.0], [10.0, 0.0]], 10.0) == (1, 0)


def test_prices_are_rounded_up_and_not_to_the_nearest() -> None:
    """Fifty layers, each 0.4 of a bucket above a whole number: rounded to the nearest they would be 20 over."""
    losses, prices = [[0.0, 1.0]] * 50, [[1.4, 1.0]] * 50
    profile = best_profile(losses, prices, 50.0 + 0.4 * 10, buckets=54)
    assert summed(prices, profile) <= 54.0 + 1e-9


def test_one_run_knows_the_best_profile_of_every_budget() -> None:
    losses, prices = instance(3)
    budgets = Budgets(losses, prices, 150.0, buckets=150)
    for bucket in range(0, 151, 10):
        profile = budgets.profile(bucket)
        best = by_enumeration(losses, prices, bucket)
        assert (profile is None) == (best == np.inf)
        if profile is not None:
            np.testing.assert_allclose(summed(losses, profile), best)


def searched(seed: int, starts: int, patience: int) -> tuple[Profile, list[Profile]]:
    """A network that minds layer 2 a hundred times more than its loss says."""
    losses, prices = instance(11, layers=5)
    asked: list[Profile] = []

    def loss(profile: Profile) -> float:
        asked.append(profile)
        return sum(
            row[level] * (100 if layer == 2 else 1)
            for layer, (row, level) in enumerate(zip(losses, profile, strict=True))
        )

    def solve(coefficients: object) -> Profile:
        assert isinstance(coefficients, list)
        weighted = [[c * value for value in row] for c, row in zip(coefficients, losses, strict=True)]
        return best_profile(weighted, prices, 120.0, buckets=120)

    found = search_profile(
        solve, loss, 5, torch.Generator().manual_seed(seed), starts=starts, patience=patience, share=0.4
    )
    return found, asked


def test_the_search_asks_the_network_and_beats_the_program_alone() -> None:
    losses, prices = instance(11, layers=5)
    alone = best_profile(losses, prices, 120.0, buckets=120)
    found, asked = searched(0, 30, 10)
    minded = [[100 * value for value in row] if layer == 2 else row for layer, row in enumerate(losses)]
    assert summed(minded, found) < summed(minded, alone)
    np.testing.assert_allclose(summed(minded, found), by_enumeration(minded, prices, 120.0))
    assert len(asked) == len(set(asked)), "a profile is measured once"


def test_the_same_seed_searches_alike() -> None:
    assert searched(1, 5, 3) == searched(1, 5, 3)
