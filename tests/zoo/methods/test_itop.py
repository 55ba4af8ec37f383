"""ITOP: one exchange equals the authors' code, and the record of what was ever active."""

import pytest
from layered_runs import exchange
from pruning_runs import start
from wave_networks import bits, every, golden

from zoo.core.errors import UsageError
from zoo.methods.itop import InTimeOverParameterization, ITOPConfig, exploration_rate
from zoo.methods.rigl import RigL


def test_an_exchange_equals_the_authors_code() -> None:
    found = golden("regrowth")["itop"]
    method = InTimeOverParameterization(ITOPConfig(interval=1, drop=0.5))
    # So early in so long a run that half of the weights are exchanged, as in the authors' run.
    pruner = exchange(method, every(5, 0, 2), 1.1, target=0.6, done=1, total_steps=10**9)
    assert {name: bits(mask) for name, mask in pruner.masks.items()} == found["masks"]


@pytest.mark.parametrize("growth", ["gradient", "random"])
def test_the_exploration_rate_starts_at_the_density_and_never_falls(growth: str) -> None:
    method = InTimeOverParameterization(ITOPConfig(interval=2, growth=growth))
    run = start(method, 0.8)
    rates, seen = [exploration_rate(run.pruner.memory)], [dict(run.pruner.masks)]
    for _ in range(24):
        run.advance(1)
        rates.append(exploration_rate(run.pruner.memory))
        seen.append(dict(run.pruner.masks))
    assert rates[0] == pytest.approx(0.2)
    assert rates == sorted(rates)
    assert rates[-1] > 0.3
    ever = {name: seen[0][name].clone() for name in seen[0]}
    for masks in seen:
        for name in ever:
            ever[name] |= masks[name]
    assert rates[-1] == pytest.approx(sum(int(mask.sum()) for mask in ever.values()) / 270)


def test_runs_of_other_methods_have_no_exploration_rate() -> None:
    with pytest.raises(UsageError, match="Only runs of itop"):
        exploration_rate(start(RigL(), 0.5).pruner.memory)


def test_growth_is_one_of_two() -> None:
    with pytest.raises(UsageError, match="gradient or random, got 'momentum'"):
        ITOPConfig(growth="momentum")


def test_published_settings() -> None:
    """README of the authors' code: 0.5 at first, 4,000 steps, cosine to 0.005 over the whole run."""
    config = ITOPConfig()
    assert (config.interval, config.allocation) == (4000, "erk")
    assert config.fraction(0, 10**6) == 0.5
    assert config.fraction(10**6 - 1, 10**6) == pytest.approx(0.005)
