"""One mask change of a second-order method on the small problem of ``second_order_oracles``, and its blocks."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from second_order_oracles import Matrix, damped_fisher, gradients_one_by_one, small_problem
from torch import Tensor

from zoo.methods import METHODS
from zoo.pruner import Pruner

SAMPLES = 24


def one_shot(name: str, target: float = 0.5, device: str = "cpu", **settings: Any) -> Pruner:
    """A run of a single step that is about to prune, on batches of seven of 24 images; 174 prunable weights."""
    net, _, images, labels = small_problem()
    net.to(device)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(images, 7), torch.split(labels, 7), strict=True)

    method = METHODS[name](METHODS[name].config_type(**settings))
    pruner = Pruner(net, method, target=target, total_steps=1, seed=0, calibration=batches)
    pruner.begin(lambda: torch.optim.SGD(net.parameters(), lr=0.1))
    return pruner


def half_pruned(pruner: Pruner, kept: float = 0.6) -> dict[str, Tensor]:
    """Masks that have removed some weights at random before the method looks; they are set and returned."""
    generator = torch.Generator().manual_seed(5)
    held = {name: torch.rand(weight.shape, generator=generator) < kept for name, weight in pruner.prunable.items()}
    pruner.set_masks(held)
    return held


def flat(tensors: dict[str, Any]) -> Tensor:
    """All tensors as one vector."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors.values()])


def true_gradients(pruner: Pruner) -> dict[str, Matrix]:
    """Gradients (24, d) of every prunable tensor at the weights as they are, by plain backward passes."""
    _, _, images, labels = small_problem()
    found = gradients_one_by_one(pruner.model, images, labels)
    return {name: found[name] for name in pruner.prunable}


def true_blocks(pruner: Pruner, size: int, damping: float) -> list[tuple[slice, Matrix]]:
    """(place among all weights in order, damped Fisher) of every block of consecutive weights of a tensor."""
    blocks, start = [], 0
    for rows in true_gradients(pruner).values():
        for begin in range(0, rows.shape[1], size):
            part = rows[:, begin : begin + size]
            blocks.append((slice(start + begin, start + begin + part.shape[1]), damped_fisher(part, damping)))
        start += rows.shape[1]
    return blocks


def numpy_of(tensors: dict[str, Any]) -> Matrix:
    """As :func:`flat`, in double precision."""
    return np.asarray(flat(tensors).double().numpy())
