"""Networks, images and gradients whose numbers are a formula, so that other people's code can be run on the same ones.

Their results are in ``tests/golden/``; each file says where they come from.
"""

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

GOLDEN = Path(__file__).parents[1] / "golden"
LAYERS = {"a.weight": (10, 12), "b.weight": (20, 10), "c.weight": (4, 20)}


def wave(shape: tuple[int, ...], step: float, phase: float) -> Tensor:
    """``sin(step i + phase + 0.013 i²)`` at flat index i."""
    values = [math.sin(step * i + phase + 0.013 * i * i) for i in range(math.prod(shape))]
    return torch.tensor(values, dtype=torch.float64).reshape(shape).float()


def wave_network() -> nn.Sequential:
    """A convolution, a depthwise one, a pointwise one and a classifier: 36 + 36 + 24 + 18 = 114 prunable weights."""
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False),
        nn.ReLU(),
        nn.Conv2d(4, 6, 1, bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )
    with torch.no_grad():
        for place, parameter in enumerate(network.parameters()):
            parameter.copy_(wave(tuple(parameter.shape), 1.7, place) * 0.6)
    return network


def wave_images() -> tuple[Tensor, Tensor]:
    """Twelve images and their labels 0, 1, 2, 0, 1, 2, ..."""
    return wave((12, 1, 5, 5), 0.9, 0.4), torch.arange(12) % 3


def layered(phase: float) -> nn.ModuleDict:
    """Three linear layers without bias, :data:`LAYERS`, that have a gradient."""
    model = nn.ModuleDict({name[0]: nn.Linear(shape[1], shape[0], bias=False) for name, shape in LAYERS.items()})
    with torch.no_grad():
        for place, parameter in enumerate(model.parameters()):
            parameter.copy_(wave(tuple(parameter.shape), 2.1, phase + place))
            parameter.grad = wave(tuple(parameter.shape), 1.3, phase + place + 5) * (place + 1)
    return model


def golden(name: str) -> dict[str, Any]:
    """A file of ``tests/golden/``."""
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


def bits(mask: Tensor) -> str:
    """A mask as the golden files write it."""
    return "".join(str(int(kept)) for kept in mask.reshape(-1))


def every(period: int, first: int, last: int) -> dict[str, Tensor]:
    """Masks of :data:`LAYERS` that keep the places ``first`` to ``last - 1`` of each ``period`` weights."""
    masks = {}
    for name, shape in LAYERS.items():
        place = torch.arange(math.prod(shape)) % period
        masks[name] = ((place >= first) & (place < last)).reshape(shape)
    return masks
