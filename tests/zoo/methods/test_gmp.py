"""Gradual magnitude pruning against torch's own pruning, event by event."""

import pytest
import torch
from pruning_runs import TinyNetwork, start
from torch import nn
from torch.nn.utils import prune

from zoo.masks import count_for
from zoo.methods.gmp import GMPConfig, GradualMagnitude
from zoo.schedules import CubicConfig


def test_events_follow_the_cubic_curve_and_nothing_happens_between() -> None:
    schedule = CubicConfig(begin=0.0, end=0.6, updates=5).schedule(0.9, 24)
    run = start(GradualMagnitude(GMPConfig(updates=5)), 0.9).advance(24)
    kept = [sum(int(mask.sum()) for mask in masks.values()) for masks in run.masks]
    expected: list[int] = []
    for step in range(24):
        expected.append(count_for(schedule.target(step), 270) if schedule.is_update(step) else expected[-1])
    assert kept == expected
    assert len(set(kept)) == 8  # steps 0, 2, ..., 14


def test_an_event_equals_torchs_global_magnitude_pruning() -> None:
    model = TinyNetwork()
    run = start(GradualMagnitude(GMPConfig(begin=0.0, end=0.0)), 0.9, model=model, steps=2, make_optimizer=still)
    reference = TinyNetwork()
    reference.load_state_dict(model.state_dict())
    modules = [reference.conv1, reference.conv2, reference.fc]
    prune.global_unstructured([(module, "weight") for module in modules], prune.L1Unstructured, amount=270 - 27)
    run.advance(1)
    for name, module in zip(("conv1", "conv2", "fc"), modules, strict=True):
        assert torch.equal(run.pruner.masks[f"{name}.weight"], module.get_buffer("weight_mask").bool())


def still(model: nn.Module) -> torch.optim.Optimizer:
    """An optimizer that moves nothing, so that the ranking is that of the first weights."""
    return torch.optim.SGD(model.parameters(), lr=0.0)


@pytest.mark.parametrize("initial", [0.0, 0.5])
def test_pruning_starts_at_the_initial_sparsity(initial: float) -> None:
    run = start(GradualMagnitude(GMPConfig(initial=initial)), 0.9).advance(1)
    assert run.pruner.sparsity() == pytest.approx(initial)


def test_a_kept_weight_that_is_zero_does_not_change_places_with_a_pruned_one() -> None:
    run = start(GradualMagnitude(), 0.9, make_optimizer=still).advance(4)
    with torch.no_grad():
        for weight in run.pruner.prunable.values():
            weight.zero_()
    run.advance(20)
    for name, before in run.masks[3].items():
        assert not bool((run.masks[-1][name] & ~before).any()), name
