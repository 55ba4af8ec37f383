"""Networks drawn around trained weights: their mean, their spread, their zeros, and the model afterwards."""

import pytest
import torch
from torch import nn

from zoo.posterior.draws import drawn_networks, own_weights_again


def small() -> nn.Linear:
    torch.manual_seed(0)
    layer = nn.Linear(6, 5)
    with torch.no_grad():
        layer.weight[:, :2] = 0.0
    return layer


def test_weights_are_normal_around_their_means_and_pruned_ones_stay_zero() -> None:
    layer = small()
    deviations = {"weight": torch.linspace(0.1, 2.0, 30, dtype=torch.float64).reshape(5, 6)}
    with own_weights_again(layer) as means:
        drawn = torch.stack(
            [layer.weight.detach().clone() for _ in drawn_networks(layer, means, deviations, 4000, seed=0)]
        )
        mean, deviation = means["weight"].clone(), deviations["weight"].float()
    assert (drawn[:, :, :2] == 0).all()
    standard = ((drawn - mean) / deviation)[:, :, 2:]
    assert standard.mean(0).abs().max() < 5 / 4000**0.5
    assert (standard.std(0) - 1).abs().max() < 0.06


def test_the_model_is_itself_again_even_after_an_error() -> None:
    layer = small()
    before = layer.weight.detach().clone()
    with pytest.raises(RuntimeError, match="stop"), own_weights_again(layer) as means:
        next(drawn_networks(layer, means, {"weight": torch.ones(5, 6)}, 1, 0))
        assert not torch.equal(layer.weight, before)
        raise RuntimeError("stop")
    assert torch.equal(layer.weight, before)
