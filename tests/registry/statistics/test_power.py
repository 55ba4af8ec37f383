"""What can be resolved: against statsmodels' power, and against the tests themselves on simulated models."""

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from registry.statistics import mcnemar, paired_interval, paired_resolution, unpaired_resolution


@pytest.mark.parametrize(("accuracy", "n"), [(0.76, 50_000), (0.9, 10_000), (0.6, 1880), (0.8, 314)])
def test_the_unpaired_difference_is_that_of_statsmodels(accuracy: float, n: int) -> None:
    """Statsmodels goes by arcsines of roots: another approximation of the same power."""
    difference = unpaired_resolution(accuracy, n)
    effect = proportion_effectsize(accuracy, accuracy - difference)
    assert NormalIndPower().power(effect, n, 0.05, ratio=1) == pytest.approx(0.8, abs=0.005)


def test_more_images_more_seeds_and_less_disagreement_resolve_more() -> None:
    assert unpaired_resolution(0.8, 1000) > unpaired_resolution(0.8, 10_000)
    assert paired_resolution(0.2, 1000) > paired_resolution(0.1, 1000) > paired_resolution(0.1, 4000)
    by_seeds = [paired_resolution(0.1, 10_000, seeds=seeds, seed_std=0.003) for seeds in (2, 3, 5, 10)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    assert by_seeds[-1] > paired_resolution(0.1, 10_000)


def test_a_pair_on_the_same_images_resolves_more_than_two_sets_of_images() -> None:
    assert paired_resolution(0.1, 3000) < unpaired_resolution(0.8, 3000)


def test_where_nothing_can_be_told_it_says_so() -> None:
    assert paired_resolution(0.1, 3) == 1.0
    assert unpaired_resolution(0.5, 2) == 1.0


def test_models_that_differ_disagree_at_least_as_much() -> None:
    """Of 314 images 8 of one kind are needed, whatever small disagreement was assumed: binomial tails say so."""
    assert paired_resolution(0.001, 314) == paired_resolution(0.0, 314)
    needed = 314 * paired_resolution(0.0, 314)
    assert 4 < needed < 10  # five of five in one direction is p = 0.06, six of six 0.03


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        unpaired_resolution(76.0, 100)
    with pytest.raises(ValueError, match="at least one image"):
        paired_resolution(0.1, 0)
    with pytest.raises(ValueError, match="at least one seed"):
        paired_resolution(0.1, 10, seeds=0)


@pytest.mark.slow
@pytest.mark.parametrize(("disagreement", "n"), [(0.1, 3000), (0.3, 1880), (0.2, 314)])
def test_mcnemar_resolves_it_in_four_of_five_pairs(disagreement: float, n: int) -> None:
    """2,000 simulated pairs; the mid-p test, which the formula knows nothing of."""
    difference = paired_resolution(disagreement, n)
    generator = np.random.default_rng(0)
    only_first, only_second = (disagreement + difference) / 2, (disagreement - difference) / 2
    seen = 0
    for _ in range(2000):
        kind = generator.choice(3, n, p=[only_first, only_second, 1 - disagreement])
        seen += mcnemar(kind == 0, kind == 1).p_mid < 0.05
    assert seen / 2000 == pytest.approx(0.8, abs=0.035)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
def test_with_seeds_our_interval_resolves_it_in_four_of_five_pairs(seeds: int) -> None:
    """Images and seeds as in the formula: the pair's disagreement is the same images' for every seed."""
    n, disagreement, seed_std = 4000, 0.1, 0.004
    difference = paired_resolution(disagreement, n, seeds=seeds, seed_std=seed_std)
    generator, seen, trials = np.random.default_rng(seeds), 0, 1500
    only_first, only_second = (disagreement + difference) / 2, (disagreement - difference) / 2
    for _ in range(trials):
        kind = generator.choice([1.0, -1.0, 0.0], n, p=[only_first, only_second, 1 - disagreement])
        # Replicates of the mean of n independent images, as the bootstrap would draw them.
        drawn = kind.mean() + generator.normal(0, kind.std() / np.sqrt(n), 400)
        lucks = generator.normal(0, seed_std, (2, seeds))
        first, second = (lucks[0] + kind.mean()).tolist(), lucks[1].tolist()
        replicates = lucks[0].mean() + np.tile(drawn, (seeds, 1)), np.tile(lucks[1][:, None], 400)
        low, high = paired_interval(first, second, *replicates)
        seen += low > 0 or high < 0
    assert seen / trials == pytest.approx(0.8, abs=0.05)
