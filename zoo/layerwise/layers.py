"""A convolution or linear layer as what it is: matrices that multiply columns of inputs, one for each channel group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor, nn
from torch.nn import functional

from ..errors import LayerInputError

Spatial = nn.Conv1d | nn.Conv2d | nn.Conv3d
# Exact types: a subclass may compute something else with its weight (standardise it, say).
_KNOWN = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class Layer:
    """One prunable weight, by its name, and the modules that multiply by it (several where it is tied).

    The weight (out, in / groups, *kernel) is seen as ``groups`` matrices of ``rows`` × ``columns``; a column is one
    input channel at one place of the kernel, channels outermost, as the weight lies in memory.
    """

    name: str
    modules: tuple[nn.Module, ...]
    shape: tuple[int, ...]
    groups: int

    @property
    def rows(self) -> int:
        """Outputs of one group."""
        return self.shape[0] // self.groups

    @property
    def columns(self) -> int:
        """Inputs of one output: channels of a group × places of the kernel."""
        columns = 1
        for side in self.shape[1:]:
            columns *= side
        return columns

    def matrix(self, weight: Shaped[Tensor, "..."]) -> Shaped[Tensor, "groups rows columns"]:
        """The weight, or anything of its shape, as matrices."""
        return weight.detach().reshape(self.groups, self.rows, self.columns)

    def tensor(self, matrix: Shaped[Tensor, "groups rows columns"]) -> Shaped[Tensor, "..."]:
        """The inverse of :meth:`matrix`."""
        return matrix.reshape(self.shape)

    def channels_last(self) -> Int64[Tensor, " columns"]:
        """The columns with the input channels of one kernel place side by side, as N:M and blocks count them."""
        return torch.arange(self.columns).reshape(self.shape[1], -1).T.flatten()

    def inputs(self, module: nn.Module, given: Float[Tensor, "..."]) -> Float[Tensor, "groups columns positions"]:
        """What ``module`` multiplies its weight by when it is called with ``given``: one column for each output."""
        if isinstance(module, Spatial):
            return _unfolded(module, given)
        return given.reshape(-1, given.shape[-1]).T[None]


def layers_of(model: nn.Module, prunable: Mapping[str, nn.Parameter]) -> dict[str, Layer]:
    """The layers of the ``prunable`` weights, by name.

    Raises :class:`LayerInputError` for a layer whose output is no product of its weight with columns of its input.
    """
    owners: dict[int, list[nn.Module]] = {}
    for module in model.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter):
            owners.setdefault(id(weight), []).append(module)
    layers = {}
    for name, parameter in prunable.items():
        modules = tuple(owners[id(parameter)])
        if strange := [type(module).__name__ for module in modules if type(module) not in _KNOWN]:
            raise LayerInputError(
                f"{name} belongs to a {strange[0]}, whose inputs are not understood.",
                "Layer-wise methods take nn.Linear, nn.Conv1d, nn.Conv2d and nn.Conv3d.",
            )
        groups = {getattr(module, "groups", 1) for module in modules}
        layers[name] = Layer(name, modules, tuple(parameter.shape), groups.pop())
    return layers


def _unfolded(module: Spatial, given: Float[Tensor, "..."]) -> Float[Tensor, "groups columns positions"]:
    """Windows of the padded input, each of which is multiplied by the kernel."""
    dimensions = len(module.kernel_size)
    x = given
    # torch's own list of what to pad: it knows "same", and which side gets the odd one.
    padding: Any = module._reversed_padding_repeated_twice
    if any(padding):
        mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
        x = functional.pad(x, padding, mode=mode)
    for axis in range(dimensions):
        size, step, apart = module.kernel_size[axis], module.stride[axis], module.dilation[axis]
        x = x.unfold(axis + 2, (size - 1) * apart + 1, step)[..., ::apart]
    x = x.reshape(len(x), module.groups, -1, *x.shape[2:])  # n, groups, channels, *positions, *kernel
    places = list(range(3, 3 + dimensions))
    kernel = list(range(3 + dimensions, 3 + 2 * dimensions))
    x = x.permute(1, 2, *kernel, 0, *places)
    columns: Tensor = x.reshape(module.groups, -1, x.shape[-dimensions - 1 :].numel())
    return columns
