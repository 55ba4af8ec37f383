"""Depthwise convolutions, strides and batch norm: layers of few weights, in which a rounding error would show."""

import pytest
import torch
from pruning_runs import start
from torch import Tensor, nn

from zoo.masks import count_for
from zoo.methods import METHODS

NAMES = [name for name, kind in METHODS.items() if kind.facts.family in ("regrowth", "at initialisation")]


def separable() -> nn.Sequential:
    """As MobileNets are built: 72 + 72 + 128 + 144 + 48 = 464 prunable weights."""
    layers: list[nn.Module] = [nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU6()]
    for width, out in ((8, 16), (16, 0)):
        layers += [
            nn.Conv2d(width, width, 3, 2, padding=1, groups=width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU6(),
        ]
        if out:
            layers += [nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU6()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3))


@pytest.mark.parametrize("name", NAMES)
def test_depthwise_networks_meet_the_target_and_stay_finite(name: str) -> None:
    torch.manual_seed(2)
    kind = METHODS[name]
    settings = next(iter(kind.short_runs.values()), {})
    run = start(kind(kind.config_type(**settings)), 0.85, steps=16, model=separable()).advance(16).finish()
    shown: dict[str, Tensor] = {key: weight.detach() != 0 for key, weight in run.pruner.prunable.items()}
    assert sum(mask.numel() for mask in shown.values()) == 464
    assert sum(int(mask.sum()) for mask in run.pruner.masks.values()) == count_for(0.85, 464)
    assert not any(bool((shown[key] & ~mask).any()) for key, mask in run.pruner.masks.items())
    assert all(bool(torch.isfinite(value).all()) for value in run.model.state_dict().values())
