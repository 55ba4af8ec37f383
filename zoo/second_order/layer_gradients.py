"""Per-sample gradients of convolutions and linear layers from one ordinary backward pass over many samples.

The gradient of a linear map's weight for one sample is the product of that sample's output gradient δ and its input, so
it is enough to look at both: one backward pass gives δ of every layer for all samples, a batched product the rest. That
is many times faster than differentiating sample by sample in a loop. (Goodfellow, "Efficient Per-Example
Gradient Computations", arXiv 1510.01799; for convolutions Rochette et al., arXiv 1912.06015.)
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.nn.functional import cross_entropy, unfold


@dataclass
class _Calls:
    """What a layer was given, and where in the graph its output hangs, once per call."""

    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[GradientEdge] = field(default_factory=list)

    def look(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:  # noqa: ARG002 - a torch hook
        self.inputs.append(args[0].detach())
        # The place in the graph and not the tensor, which an in-place activation may overwrite after this.
        self.outputs.append(get_gradient_edge(output))


def layer_gradients(
    model: nn.Module, parameters: Mapping[str, nn.Parameter], x: Float[Tensor, "n group ..."], y: Int[Tensor, "n group"]
) -> dict[str, Tensor] | None:
    """Gradients (n, *shape) of each group's mean cross-entropy, or None where they cannot be had this way.

    It takes a model in evaluation mode whose ``parameters`` are weights of ``nn.Linear`` and of zero-padded
    ``nn.Conv2d``, each owned by one module that is called once.
    """
    layers = _layers(model, parameters)
    if layers is None:
        return None
    with _watching(layers) as calls, torch.enable_grad():
        loss = cross_entropy(model(x.flatten(0, 1)), y.flatten(), reduction="sum") / y.shape[1]
    if any(len(call.outputs) != 1 for call in calls.values()):
        return None
    deltas = torch.autograd.grad(loss, [call.outputs[0] for call in calls.values()])
    gradients = {}
    for (name, call), delta in zip(calls.items(), deltas, strict=True):
        given, asked = _as_columns(layers[name], call.inputs[0], delta)
        grouped = torch.einsum(
            "ngkol,ngkil->nkoi", asked.reshape(*y.shape, *asked.shape[1:]), given.reshape(*y.shape, *given.shape[1:])
        )
        gradients[name] = grouped.reshape(len(y), *parameters[name].shape)
    return gradients


def _layers(model: nn.Module, parameters: Mapping[str, nn.Parameter]) -> dict[str, nn.Module] | None:
    owners: dict[int, list[nn.Module]] = {}
    for module in model.modules():
        for own in module.parameters(recurse=False):
            owners.setdefault(id(own), []).append(module)
    layers: dict[str, nn.Module] = {}
    for name, parameter in parameters.items():
        match owners.get(id(parameter)):
            case [layer] if _is_simple(layer) and layer.weight is parameter:
                layers[name] = layer
            case _:
                return None
    return layers


def _is_simple(module: nn.Module) -> bool:
    # Exact types: a subclass may compute something else with its weight (standardise it, say).
    if type(module) is nn.Conv2d:
        return module.padding_mode == "zeros" and not isinstance(module.padding, str) and module.weight.requires_grad
    return type(module) is nn.Linear and module.weight.requires_grad


@contextmanager
def _watching(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, _Calls]]:
    calls = {name: _Calls() for name in layers}
    with ExitStack() as stack:
        for name, layer in layers.items():
            stack.callback(layer.register_forward_hook(calls[name].look).remove)
        yield calls


def _as_columns(
    layer: nn.Module, given: Float[Tensor, "n ..."], delta: Float[Tensor, "n ..."]
) -> tuple[Float[Tensor, "n k i l"], Float[Tensor, "n k o l"]]:
    """Input and output gradient with the axes (samples, channel groups, what one weight row acts on, positions)."""
    if isinstance(layer, nn.Conv2d) and not isinstance(layer.padding, str):
        columns = unfold(given, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
        grouped = (len(given), layer.groups, -1, columns.shape[-1])
        return columns.reshape(grouped), delta.reshape(grouped)
    return _positions_last(given), _positions_last(delta)


def _positions_last(tensor: Float[Tensor, "n *positions d"]) -> Float[Tensor, "n 1 d l"]:
    return tensor.reshape(len(tensor), -1, tensor.shape[-1]).mT[:, None]
