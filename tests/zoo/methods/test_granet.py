"""GraNet: an event beside the authors' code, densities that follow the curve exactly, regeneration for nothing."""

import pytest
import torch
from layered_runs import exchange
from pruning_runs import differing, start
from torch.nn.utils import prune
from wave_networks import bits, every, golden, layered

from zoo.core.errors import UsageError
from zoo.masks import count_for
from zoo.methods.granet import GraNet, GraNetConfig


def test_an_event_equals_the_authors_code() -> None:
    """Half-way from 40 % to 80 %: 75 %, then half of each layer is regenerated."""
    found = golden("regrowth")["granet"]
    total = 10**9  # so long a run that the fraction to regenerate is still the first one
    config = GraNetConfig(interval=1, initial=0.4, drop=0.5, pruned_by=2 / total)
    pruner = exchange(GraNet(config), every(5, 1, 5), found["phase"], target=0.8, done=1, total_steps=total)
    assert {name: bits(mask) for name, mask in pruner.masks.items()} == found["regenerated"]
    assert sum(int(mask.sum()) for mask in pruner.masks.values()) == 100


def test_the_cut_alone_equals_torchs_global_pruning() -> None:
    found = golden("regrowth")["granet"]
    model = layered(found["phase"])
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.mul_(every(5, 1, 5)[name])
    prune.global_unstructured([(layer, "weight") for layer in model.values()], prune.L1Unstructured, amount=300)
    for name, layer in model.items():
        assert bits(layer.get_buffer("weight_mask")) == found["pruned"][f"{name}.weight"]


@pytest.mark.parametrize("initial", [0.5, 0.0])
def test_the_density_after_each_event_is_the_curves_value(initial: float) -> None:
    """The cubic by hand: events after 3, 6, 9 and 12 steps, and at its end after 14."""
    run = start(GraNet(GraNetConfig(interval=3, initial=initial, pruned_by=0.6)), 0.9).advance(24)
    kept = [sum(int(mask.sum()) for mask in masks.values()) for masks in run.masks]
    for step, count in enumerate(kept):
        event = max((done for done in (0, 3, 6, 9, 12, 14) if done <= step + 1), default=0)
        sparsity = 0.9 + (initial - 0.9) * (1 - event / 14) ** 3
        assert count == count_for(sparsity, 270), step


def test_regeneration_goes_on_after_pruning_and_keeps_every_layers_count() -> None:
    run = start(GraNet(GraNetConfig(interval=3, pruned_by=0.3)), 0.6).advance(24)
    changed = [step + 1 for step in range(1, 24) if differing(run.masks[step], run.masks[step - 1])]
    assert changed == [3, 6, 7, 9, 12, 15, 18, 21]
    for name in run.masks[0]:
        assert len({int(masks[name].sum()) for masks in run.masks[7:]}) == 1


def test_pruned_weights_return_only_by_regeneration() -> None:
    run = start(GraNet(GraNetConfig(interval=3, drop=0.01)), 0.6).advance(24)  # nothing to regenerate of 108
    for before, after in zip(run.masks, run.masks[1:], strict=False):
        for name in before:
            assert int((after[name] & ~before[name]).sum()) <= 1


def test_a_target_below_the_first_sparsity_is_refused() -> None:
    with pytest.raises(UsageError, match="rises from"):
        start(GraNet(), 0.3)


def test_a_curve_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="0 <= begin <= pruned_by"):
        GraNetConfig(begin=0.5, pruned_by=0.4)
