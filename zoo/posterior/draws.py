"""Networks drawn from a Gaussian posterior over weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..prunable import prunable_parameters


@contextmanager
def own_weights_again(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """The prunable weights as they are, by name; ``model`` has them again, to the bit, when the block is left."""
    weights = prunable_parameters(model)
    kept = {name: weight.detach().clone() for name, weight in weights.items()}
    try:
        yield kept
    finally:
        _set(weights, kept)


def drawn_networks(
    model: nn.Module, means: Mapping[str, Tensor], deviations: Mapping[str, Tensor], count: int, seed: int
) -> Iterator[nn.Module]:
    """``model``, ``count`` times, each time with other prunable weights w ~ N(mean, deviation²); zeros stay zero.

    The noise depends on ``seed`` and the shapes alone: with other deviations the same networks are nearer or farther.
    Inside :func:`own_weights_again`, or the last draw stays in the model.
    """
    weights, generator = prunable_parameters(model), torch.Generator().manual_seed(seed)
    for _ in range(count):
        noise = {name: torch.randn(mean.shape, generator=generator).to(mean) for name, mean in means.items()}
        _set(
            weights,
            {name: mean + (mean != 0) * deviations[name].to(mean) * noise[name] for name, mean in means.items()},
        )
        yield model


@torch.no_grad()
def _set(weights: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    for name, weight in weights.items():
        weight.copy_(values[name])
