"""Floating-point operations of a forward pass: 2 · Σ kept weights · output positions, multiply and add apart.

Only the prunable layers count; normalisation, activations and pooling are left out, as in the pruning literature.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from .prunable import prunable_parameters


@torch.no_grad()
def positions(model: nn.Module, input_size: tuple[int, int, int]) -> dict[str, int]:
    """How often each prunable layer (by module name) uses each of its weights for one image of (c, h, w) pixels."""
    found: dict[str, int] = {}
    handles = []
    for name in prunable_parameters(model):
        module_name = name.removesuffix(".weight")

        def count(module: nn.Module, inputs: tuple[Any, ...], output: Tensor, module_name: str = module_name) -> None:
            used = inputs[0].shape[2:].numel() if getattr(module, "transposed", False) else _uses(module, output)
            found[module_name] = found.get(module_name, 0) + used

        handles.append(model.get_submodule(module_name).register_forward_hook(count))
    training = model.training
    parameter = next(model.parameters())
    try:
        model.eval()(torch.zeros(1, *input_size, device=parameter.device, dtype=parameter.dtype))
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return found


def forward_flops(kept: Mapping[str, int], used: Mapping[str, int]) -> int:
    """FLOPs of one image: ``kept`` weights by tensor name, positions ``used`` by module name."""
    return 2 * sum(count * used[name.removesuffix(".weight")] for name, count in kept.items())


def _uses(module: nn.Module, output: Tensor) -> int:
    return output.shape[2:].numel() if isinstance(module, _ConvNd) else output.numel() // output.shape[-1]
