"""Local reparameterisation: instead of one draw of the weights for a batch, one of every layer's output for each image.

Where weights are independent Gaussians with variances v, the output of a linear layer or a convolution of x is Gaussian
too, with variance x² * v. Drawn there, the noise differs between images and positions, and gradients vary less than
with weights drawn once for all of them; it costs a second convolution.

Source: Kingma et al. 2015, Variational Dropout and the Local Reparameterization Trick (arXiv 1506.02557).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..pruner import Pruner

SMALLEST_VARIANCE = 1e-8
"""Added to the variance, whose root has no derivative at 0."""

Variances = Callable[[str], Tensor]


def add_local_noise(pruner: Pruner, variances: Variances) -> None:
    """From now until the run is finalized, prunable layers in training mode answer with noise.

    ``variances`` gives the variance of each weight of a tensor, through which gradients flow, at every forward pass.
    The noise is of torch's global generator, like dropout's.
    """
    for name in pruner.prunable:
        layer = pruner.model.get_submodule(name.removesuffix("weight").removesuffix("."))
        pruner.hooks.append(layer.register_forward_hook(partial(_noisy, name, variances)))


def averaged(gradient: Tensor) -> Tensor:
    """The mean over processes: gradients of tensors that are no parameters of the model are not averaged by DDP."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(gradient)
        gradient /= torch.distributed.get_world_size()
    return gradient


def _noisy(name: str, variances: Variances, layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    if not layer.training:
        return output
    # Not in half precision, where variances of 1e-5 are next to nothing.
    with torch.autocast(output.device.type, enabled=False):
        spread = variances(name)
        variance = _applied(layer, inputs[0].to(spread.dtype).square(), spread)
        noise = torch.randn_like(variance) * (variance + SMALLEST_VARIANCE).sqrt()
    return output + noise.to(output.dtype)


def _applied(layer: nn.Module, squares: Tensor, variance: Tensor) -> Tensor:
    if isinstance(layer, nn.Linear):
        return linear(squares, variance)
    found: Tensor = layer._conv_forward(squares, variance, None)  # type: ignore[operator]
    return found
