"""Early-CroP: when it prunes, by a rule written out again, and that it then does what CroP does."""

from typing import Any

import pytest
import torch
from pruning_runs import Run, TinyNetwork, batch, start
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

from zoo.core.errors import UsageError
from zoo.methods.crop import CroP, CroPConfig
from zoo.methods.early_crop import EarlyCroP, EarlyCroPConfig


def bold(model: nn.Module) -> Optimizer:
    """Large steps at first, which settle."""
    return SGD(model.parameters(), lr=1.0)


def early(target: float, **settings: Any) -> Run:
    method = EarlyCroP(EarlyCroPConfig(**{"samples": 20, "checks": 12, **settings}))
    return start(method, target, make_optimizer=bold)


def first_pruned(run: Run) -> int:
    """How many steps were trained densely."""
    return next(step + 1 for step, masks in enumerate(run.masks) if not all(bool(m.all()) for m in masks.values()))


def distances(steps: int) -> list[float]:
    """‖θ₀ - θ_t‖ / ‖θ₀‖ of dense training, all parameters in one vector."""
    torch.manual_seed(1)
    model = TinyNetwork().train()
    optimizer = bold(model)

    def vector() -> Tensor:
        return torch.cat([p.detach().double().reshape(-1) for p in model.parameters()])

    start_vector, found = vector(), []
    for step in range(steps):
        x, y = batch(step)
        optimizer.zero_grad()
        torch.autograd.backward(cross_entropy(model(x), y))
        optimizer.step()
        found.append(float((start_vector - vector()).norm() / start_vector.norm()))
    return found


@pytest.mark.parametrize("target", [0.5, 0.8, 0.9, 0.95])
def test_it_prunes_when_the_distance_to_the_start_settles(target: float) -> None:
    """Looked at after every second of 24 steps, or after 12 at the latest."""
    found = distances(12)
    expected, before = 12, 0.0
    for done in range(2, 13, 2):
        if abs(found[done - 1] - before) < 1.0 - target:
            expected = done
            break
        before = found[done - 1]
    assert first_pruned(early(target).advance(24)) == expected


def test_the_cases_above_differ() -> None:
    dense_steps = [first_pruned(early(target).advance(24)) for target in (0.5, 0.9, 0.95)]
    assert dense_steps == sorted(dense_steps)
    assert dense_steps[0] < dense_steps[-1]


def test_it_prunes_once_and_forgets_the_start() -> None:
    run = early(0.9).advance(24).finish()
    pruned = run.masks[first_pruned(run) - 1]
    assert all(torch.equal(run.pruner.masks[name], mask) for name, mask in pruned.items())
    assert run.pruner.memory == {}


def test_it_waits_no_longer_than_it_is_told() -> None:
    assert first_pruned(early(0.98, checks=1, latest=0.25).advance(24)) == 6


def test_what_it_keeps_is_what_crop_keeps_at_that_moment() -> None:
    run = early(0.5, rounds=3).advance(1)
    assert first_pruned(run.advance(1)) == 2
    torch.manual_seed(1)
    model = TinyNetwork()
    dense = start("dense", 0.0, model=model, make_optimizer=bold).advance(2)
    expected = start(CroP(CroPConfig(rounds=3, samples=20)), 0.5, model=dense.model)
    assert all(torch.equal(expected.pruner.masks[name], mask) for name, mask in run.pruner.masks.items())


@pytest.mark.parametrize("values", [{"checks": 0}, {"latest": 0.0}, {"latest": 1.5}])
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="EarlyCroPConfig needs"):
        EarlyCroPConfig(**values)  # type: ignore[arg-type]
