"""SparseGPT on whole networks: exact counts, the order of the layers, and less loss than masking alone."""

from itertools import islice
from typing import Any

import pytest
import torch
from layerwise_problems import golden_problem, prepared
from pruning_runs import calibration, start
from torch import Tensor, nn
from wave_networks import golden

from zoo.core.errors import UsageError
from zoo.errors import LostDigitsError
from zoo.masks import count_for
from zoo.methods.magnitude import MagnitudeConfig, OneShotMagnitude
from zoo.methods.sparsegpt import SparseGPT, SparseGPTConfig
from zoo.patterns import NByM
from zoo.pruner import Pruner


def output_error(before: nn.Module, after: nn.Module) -> float:
    """Σ of squared differences of the logits on the calibration images."""
    total = 0.0
    with torch.no_grad():
        for images, _ in calibration():
            total += float((before.eval()(images) - after.eval()(images)).square().sum())
    return total


def pruned(target: float = 0.5, **settings: Any) -> Pruner:
    return start(SparseGPT(SparseGPTConfig(**settings)), target).pruner


def test_two_of_four_equal_the_public_code() -> None:
    weights, _ = golden_problem()
    pruner = prepared(SparseGPT(), weights, 0.5, NByM(2, 4))
    expected = torch.tensor(golden("layerwise")["sparsegpt"]["two_of_four"])
    assert torch.equal(pruner.masks["weight"], expected != 0)
    torch.testing.assert_close(pruner.prunable["weight"].detach(), expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("block", [1, 7, 128])
def test_each_layer_keeps_its_share_to_one_weight(block: int) -> None:
    pruner = pruned(0.7, block=block)
    counts = pruner.method.config.counts(pruner.shapes, 0.7)
    assert {name: int(mask.sum()) for name, mask in pruner.masks.items()} == counts
    assert sum(counts.values()) == count_for(0.7, 270)


def test_the_output_changes_less_than_by_masking_the_same_share() -> None:
    dense = pruned(0.0).model
    masked = start(OneShotMagnitude(MagnitudeConfig(allocation="uniform")), 0.5).pruner.model
    losses = [output_error(dense, model) for model in (masked, pruned().model)]
    assert losses[1] < losses[0]


def test_settings_change_what_they_say() -> None:
    """Each setting gives other weights than the defaults, and none another count."""
    usual = pruned().prunable
    for settings in ({"block": 3}, {"damping": 1.0}, {"refit": True}, {"order": "parallel"}, {"samples": 4}):
        pruner = pruned(**settings)
        assert pruner.sparsity() == 0.5
        assert any(not torch.equal(usual[name], weight) for name, weight in pruner.prunable.items()), settings


def test_without_damping_dependent_inputs_are_an_error_that_says_what_to_do() -> None:
    def twins() -> Any:
        for images, labels in islice(calibration(), 3):  # fewer different images than inputs
            yield images[:1].expand(2, -1, -1, -1)[:, :, :2, :2], labels[:2]

    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    method = SparseGPT(SparseGPTConfig(damping=0.0))
    pruner = Pruner(model, method, target=0.5, total_steps=0, seed=0, calibration=twins)
    with pytest.raises(LostDigitsError, match="more damping"):
        method.prepare(pruner)
    damped = SparseGPT(SparseGPTConfig())
    damped.prepare(Pruner(model, damped, target=0.5, total_steps=0, seed=0, calibration=twins))


def test_a_network_whose_inputs_are_all_zero_is_pruned_to_its_target() -> None:
    def nothing() -> Any:
        for images, labels in calibration():
            yield torch.zeros_like(images), labels

    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8, bias=False), nn.ReLU(), nn.Linear(8, 2))
    before = [weight.detach().clone() for weight in model.parameters() if weight.ndim == 2]
    method = SparseGPT()
    pruner = Pruner(model, method, target=0.75, total_steps=0, seed=0, calibration=nothing)
    method.prepare(pruner)
    assert pruner.sparsity() == 0.75
    for weight, old in zip(pruner.prunable.values(), before, strict=True):
        kept: Tensor = weight != 0
        assert torch.equal(weight[kept], old[kept])


@pytest.mark.parametrize("wrong", [{"block": 0}, {"damping": -1.0}, {"damping": float("nan")}])
def test_wrong_settings_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="block must be at least 1 and damping at least 0"):
        SparseGPTConfig(**wrong)
