"""SET: what leaves, against a list oracle; what joins, without a look at any gradient."""

from typing import Any

import numpy as np
import pytest
import torch
from pruning_runs import differing, start

from zoo.methods.set import SETConfig, SparseEvolutionaryTraining

INTERVAL = 4


def exchanging(**settings: Any) -> SparseEvolutionaryTraining:
    return SparseEvolutionaryTraining(SETConfig(interval=INTERVAL, **settings))


@pytest.mark.parametrize("by_sign", [True, False])
def test_the_weights_nearest_to_zero_leave(by_sign: bool) -> None:
    run = start(exchanging(by_sign=by_sign), 0.5).advance(INTERVAL - 1)
    masks = dict(run.pruner.masks)
    run.advance(1)
    # The step before the exchange by a run that never exchanges.
    twin = start(SparseEvolutionaryTraining(), 0.5).advance(INTERVAL)
    for name, mask in masks.items():
        weight = twin.pruner.prunable[name].detach().numpy().reshape(-1)
        active = [int(place) for place in np.flatnonzero(mask.numpy().reshape(-1))]
        sides = ([p for p in active if weight[p] >= 0], [p for p in active if weight[p] < 0]) if by_sign else (active,)
        stays: set[int] = set()
        for side in sides:
            ranked = sorted(side, key=lambda place: abs(float(weight[place])))
            stays |= set(ranked[int(0.3 * len(side)) :])
        after = {int(place) for place in np.flatnonzero(run.pruner.masks[name].numpy().reshape(-1))}
        assert stays <= after, name
        assert len(after) == len(active), name


def test_gradients_of_pruned_weights_play_no_part() -> None:
    run, blind = (start(exchanging(), 0.5).advance(INTERVAL - 1) for _ in range(2))
    run.advance(1)
    step = blind.pruner.after_step

    def without_gradients() -> None:
        for weight in blind.pruner.prunable.values():
            weight.grad = None
        step()

    blind.pruner.after_step = without_gradients  # type: ignore[method-assign]
    blind.advance(1)
    assert differing(run.pruner.masks, blind.pruner.masks) == []


def test_the_fraction_stays_and_exchanges_end() -> None:
    run = start(exchanging(drop=0.3, end=0.75), 0.5).advance(24)
    changes = [step for step in range(1, 24) if differing(run.masks[step], run.masks[step - 1])]
    assert changes == [3, 7, 11, 15]  # after 4, 8, 12 and 16 steps; 18 is the end
    assert SETConfig().fraction(1000, 10_000) == SETConfig().fraction(9000, 10_000) == 0.3


def test_grown_weights_start_at_zero_without_momentum() -> None:
    run = start(exchanging(), 0.5).advance(INTERVAL - 1)
    before = dict(run.pruner.masks)
    run.advance(1)
    new = {name: mask & ~before[name] for name, mask in run.pruner.masks.items()}
    assert sum(int(mask.sum()) for mask in new.values()) > 10
    for name, weight in run.pruner.prunable.items():
        assert not bool(torch.count_nonzero(weight.detach()[new[name]])), name
        assert not bool(torch.count_nonzero(run.optimizer.state[weight]["momentum_buffer"][new[name]])), name
