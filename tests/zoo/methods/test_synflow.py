"""SynFlow: conservation, the authors' numbers, and layers that do not collapse."""

import itertools

import pytest
import torch
from pruning_runs import differing, start, state_of
from torch import nn
from wave_networks import bits, golden, wave_images, wave_network

from zoo.core.errors import UsageError
from zoo.errors import MaskError
from zoo.methods.synflow import SynFlow, SynFlowConfig, synaptic_flow
from zoo.prunable import prunable_parameters
from zoo.pruner import Pruner


def deep(widths: tuple[int, ...] = (16, 8, 8, 8, 8, 8, 4)) -> nn.Sequential:
    """Linear layers and rectifiers without biases."""
    torch.manual_seed(4)
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def prepared(model: nn.Module, target: float, rounds: int) -> Pruner:
    method = SynFlow(SynFlowConfig(rounds=rounds))
    images = torch.zeros(2, 1, 4, 4)
    pruner = Pruner(
        model, method, target=target, total_steps=1, seed=0, calibration=lambda: iter([(images, torch.zeros(2))])
    )
    method.prepare(pruner)
    return pruner


def test_scores_equal_the_authors_code() -> None:
    model = wave_network()
    found = synaptic_flow(model, prunable_parameters(model), (1, 5, 5))
    for name, values in golden("pruning_at_initialisation")["synflow"].items():
        torch.testing.assert_close(
            found[name].reshape(-1), torch.tensor(values, dtype=torch.float64), rtol=1e-6, atol=0
        )


def test_ten_rounds_keep_what_the_authors_code_keeps() -> None:
    model = wave_network()
    method = SynFlow(SynFlowConfig(rounds=10))
    # 85 of 114 weights leave: they round down what a quarter of 114 is.
    pruner = Pruner(model, method, target=85 / 114, total_steps=1, seed=0, calibration=lambda: iter([wave_images()]))
    method.prepare(pruner)
    expected = golden("pruning_at_initialisation")["synflow_masks"]
    assert {name: bits(mask) for name, mask in pruner.masks.items()} == expected


def test_flow_is_conserved_in_every_layer_and_at_every_hidden_unit() -> None:
    """Theorems 1 and 2 of the paper, to the precision of doubles."""
    model = deep()
    found = synaptic_flow(model, prunable_parameters(model), (1, 4, 4))
    layers = list(found.values())
    for before, after in itertools.pairwise(layers):
        torch.testing.assert_close(before.sum(1), after.sum(0), rtol=1e-12, atol=0)
        torch.testing.assert_close(before.sum(), after.sum(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("kept", [6, 12, 40])
def test_no_layer_collapses_down_to_one_weight_each(kept: int) -> None:
    """Six layers; "maximal critical compression" of the paper: as long as a path can be kept, one is."""
    model = deep()
    total = sum(weight.numel() for weight in model.parameters())
    pruner = prepared(model, 1.0 - kept / total, rounds=100)
    counts = [int(mask.sum()) for mask in pruner.masks.values()]
    assert sum(counts) == kept
    assert min(counts) >= 1, counts
    flow = synaptic_flow(model, pruner.prunable, (1, 4, 4))
    assert all(float(score.sum()) > 0.0 for score in flow.values()), "no path is left"


def test_a_single_round_does_collapse_a_layer() -> None:
    """Why there are rounds: wide layers share the same flow among more weights and lose them all at once."""
    left = {}
    for rounds in (1, 100):
        pruner = prepared(deep((16, 64, 64, 4)), 0.99, rounds)
        left[rounds] = min(int(mask.sum()) for mask in pruner.masks.values())
    assert left[1] == 0
    assert left[100] > 10


def test_deep_wide_networks_do_not_overflow_and_absurd_ones_are_refused() -> None:
    model = deep((16, *([256] * 40), 4))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(100.0)  # the flow is about 1e120
    found = synaptic_flow(model, prunable_parameters(model), (1, 4, 4))
    assert float(found["1.weight"].sum()) > 1e100
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1e6)
    with pytest.raises(MaskError, match="synaptic flow of Sequential is inf"):
        synaptic_flow(model, prunable_parameters(model), (1, 4, 4))


def test_the_network_is_left_as_it_was() -> None:
    run = start(SynFlow(SynFlowConfig(rounds=3)), 0.0)
    twin = start("dense", 0.0)
    assert differing(state_of(run.model), state_of(twin.model)) == []
    assert run.model.training is twin.model.training


def test_rounds_are_counted_from_one() -> None:
    with pytest.raises(UsageError, match="rounds >= 1, got 0"):
        SynFlowConfig(rounds=0)
