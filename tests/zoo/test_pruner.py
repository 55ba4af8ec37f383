"""The stateful object: what it refuses, what it holds, what it saves."""

from dataclasses import replace

import pytest
import torch
from pruning_runs import TinyNetwork, differing, sgd, start
from torch import Tensor, nn

from zoo.core.errors import UsageError
from zoo.errors import MaskError, TargetMissedError
from zoo.masks import keep_random
from zoo.methods import METHODS, MaskBehaviour, Method
from zoo.methods.random_static import RandomConfig
from zoo.pruner import Pruner


def pruner(model: nn.Module | None = None, target: float = 0.5) -> Pruner:
    return Pruner(model or TinyNetwork(), METHODS["dense"](), target=target, total_steps=10, seed=0)


def half(pruned: Pruner) -> dict[str, Tensor]:
    masks = {name: torch.ones_like(mask) for name, mask in pruned.masks.items()}
    for mask in masks.values():
        mask.reshape(-1)[::2] = False
    return masks


def test_starts_dense_and_counts_only_prunable_weights() -> None:
    fresh = pruner()
    assert fresh.numel == 270
    assert fresh.shapes == {"conv1.weight": (4, 1, 3, 3), "conv2.weight": (6, 4, 3, 3), "fc.weight": (3, 6)}
    assert fresh.sparsity() == 0.0


def test_set_masks_applies_at_once_and_writes_positive_zeros() -> None:
    fresh = pruner()
    with torch.no_grad():
        for weight in fresh.prunable.values():
            weight.fill_(-1.0)
    fresh.set_masks(half(fresh))
    assert fresh.sparsity() == 0.5
    for weight in fresh.prunable.values():
        flat = weight.detach().reshape(-1)
        assert bool((flat[::2] == 0).all())
        assert not bool(torch.signbit(flat[::2]).any())
        assert bool((flat[1::2] == -1).all())


def test_masks_are_not_the_callers_to_change_the_weights_with() -> None:
    fresh = pruner()
    fresh.set_masks(half(fresh))
    fresh.set_masks({name: torch.ones_like(mask) for name, mask in fresh.masks.items()})
    with torch.no_grad():
        fresh.model.get_parameter("fc.weight").fill_(2.0)
    fresh.apply_masks()
    assert bool((fresh.model.get_parameter("fc.weight") == 2.0).all())


@pytest.mark.parametrize("change", ["missing", "surplus", "shape", "dtype"])
def test_masks_that_do_not_fit_are_refused_by_name(change: str) -> None:
    fresh = pruner()
    masks = half(fresh)
    if change == "missing":
        del masks["fc.weight"]
    elif change == "surplus":
        masks["bn1.weight"] = torch.ones(4, dtype=torch.bool)
    else:
        masks["fc.weight"] = torch.ones(6, 3, dtype=torch.bool) if change == "shape" else torch.ones(3, 6)
    with pytest.raises(MaskError, match=r"bn1\.weight" if change == "surplus" else r"fc\.weight"):
        fresh.set_masks(masks)
    assert fresh.sparsity() == 0.0


@pytest.mark.parametrize("target", [-0.1, 1.0, 1.5, float("nan")])
def test_impossible_targets_are_refused(target: float) -> None:
    with pytest.raises(UsageError, match="below 1"):
        pruner(target=target)


def test_a_model_without_prunable_weights_is_refused() -> None:
    with pytest.raises(MaskError, match="BatchNorm2d has no convolution"):
        pruner(nn.BatchNorm2d(3))


def test_a_missed_target_is_an_error() -> None:
    missed = pruner(target=0.5)
    missed.begin(lambda: sgd(missed.model))
    with pytest.raises(TargetMissedError, match="keeps 270 weights after 0 of 10 steps, not the 135"):
        missed.finalize()


def test_a_saved_run_of_another_length_is_refused() -> None:
    saved = start("gmp", 0.5, steps=24).pruner.state_dict()
    with pytest.raises(UsageError, match="target 0.5, unstructured, in 24 steps, this one 0.5, unstructured, in 10"):
        pruner(target=0.5).load_state_dict(saved)


def test_saved_state_is_a_copy() -> None:
    run = start("random", 0.5)
    saved = run.pruner.state_dict()
    before = saved["masks"]["fc.weight"].clone()
    run.pruner.masks["fc.weight"].logical_not_()
    assert torch.equal(saved["masks"]["fc.weight"], before)


class Shuffling(Method):
    """Draws a new mask at every step: its end depends on the whole stream of random numbers."""

    facts = replace(METHODS["random"].facts, mask_behaviour=MaskBehaviour.FREE)
    config_type = RandomConfig

    def after_step(self, pruner: Pruner) -> None:
        counts = {name: mask.numel() // 2 for name, mask in pruner.masks.items()}
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))


def test_a_resumed_run_draws_the_numbers_that_it_would_have_drawn() -> None:
    straight = start(Shuffling(), 0.5).advance(10)
    resumed = start(Shuffling(), 0.5, seed=9).restore(start(Shuffling(), 0.5).advance(6).save()).advance(4)
    assert differing(straight.pruner.masks, resumed.pruner.masks) == []
    assert differing(straight.pruner.masks, start(Shuffling(), 0.5, seed=9).advance(10).pruner.masks) != []
