"""Noise on the outputs of layers is distributed as drawn weights would make it, and gradients reach its variance."""

import pytest
import torch
from torch import Tensor, nn

from zoo.methods import METHODS
from zoo.posterior.local_noise import add_local_noise
from zoo.pruner import Pruner

LAYERS = [
    nn.Linear(6, 4),
    nn.Conv2d(3, 4, 3, padding=1, stride=2),
    nn.Conv2d(4, 4, 3, groups=2, dilation=2, padding=2, padding_mode="circular"),
]


def watched(layer: nn.Module, deviation: Tensor) -> Pruner:
    pruner = Pruner(nn.Sequential(layer), METHODS["dense"](), target=0.0, total_steps=1, seed=0)
    add_local_noise(pruner, lambda _: deviation.square())
    return pruner


def inputs(layer: nn.Module, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (1, layer.in_channels, 5, 5) if isinstance(layer, nn.Conv2d) else (1, 6)
    return torch.randn(shape, generator=generator).expand(count, *shape[1:])


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_means_and_variances_are_those_of_drawn_weights(layer: nn.Module) -> None:
    weight: Tensor = layer.weight  # type: ignore[assignment]
    generator = torch.Generator().manual_seed(2)
    deviation = 0.3 * torch.rand(weight.shape, generator=generator) + 0.05
    draws = []
    kept = weight.detach().clone()
    with torch.no_grad():
        x = inputs(layer, 1)
        for _ in range(3000):
            weight.copy_(kept + deviation * torch.randn(weight.shape, generator=generator))
            draws.append(layer(x)[0])
        weight.copy_(kept)
        pruner = watched(layer, deviation)
        torch.manual_seed(0)
        noisy = layer.train()(inputs(layer, 3000))
        by_weights = torch.stack(draws)
        scale = by_weights.std(0)
        assert ((noisy.mean(0) - by_weights.mean(0)).abs() / scale).max() < 6 * (2 / 3000) ** 0.5
        torch.testing.assert_close(noisy.std(0), scale, rtol=0.12, atol=0.0)
        plain = layer.eval()(inputs(layer, 2))
        torch.testing.assert_close(plain[0], plain[1])
    pruner.finalize()
    assert not pruner.hooks
    torch.testing.assert_close(layer.train()(x)[0], layer.eval()(x)[0])


def test_gradients_reach_the_deviations_and_images_differ() -> None:
    layer = nn.Linear(6, 4)
    deviation = torch.full((4, 6), 0.1, requires_grad=True)
    watched(layer, deviation)
    out = layer.train()(inputs(layer, 8))
    assert out.std(0).min() > 0
    torch.autograd.backward(out.square().sum())
    assert deviation.grad is not None
    assert (deviation.grad != 0).all()


def test_an_input_of_zeros_has_finite_gradients() -> None:
    layer, deviation = nn.Linear(3, 2), torch.full((2, 3), 0.1, requires_grad=True)
    watched(layer, deviation)
    torch.autograd.backward(layer.train()(torch.zeros(4, 3)).sum())
    assert deviation.grad is not None
    assert deviation.grad.isfinite().all()
