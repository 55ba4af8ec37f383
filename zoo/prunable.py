"""Which parameters may be pruned: the weights of convolutions and linear layers, never a bias or a norm.

The torch-free twin of this rule, for tensors in a file, is in ``zoo/checkpoint/passport.py``; a test proves that both
agree for every architecture.
"""

from typing import NamedTuple

from torch import nn
from torch.nn.modules.conv import _ConvNd


class TensorRow(NamedTuple):
    """One tensor of a model's state dict and whether it may be pruned, with the reason."""

    name: str
    shape: tuple[int, ...]
    prunable: bool
    reason: str


def prunable_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The prunable weights by their name in the state dict, in the order of the modules; tied weights once."""
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for module_name, module in model.named_modules():
        weight = module.weight if isinstance(module, (_ConvNd, nn.Linear)) else None
        # A weight computed by a parametrisation is a plain tensor: nothing that a mask could hold.
        if isinstance(weight, nn.Parameter) and id(weight) not in seen:
            seen.add(id(weight))
            found[f"{module_name}.weight" if module_name else "weight"] = weight
    return found


def explain(model: nn.Module) -> list[TensorRow]:
    """One row per tensor of the state dict, in its order."""
    prunable, parameters = prunable_parameters(model), dict(model.named_parameters(remove_duplicate=False))
    modules = dict(model.named_modules())
    rows = []
    for name, tensor in model.state_dict().items():
        module_name, _, leaf = name.rpartition(".")
        kind = type(modules[module_name]).__name__
        if name in prunable:
            reason = f"weight of {kind}"
        elif name not in parameters:
            reason = f"{leaf} of {kind} is a statistic, no parameter"
        elif leaf == "bias":
            reason = "biases are never pruned"
        elif any(parameters[name] is weight for weight in prunable.values()):
            reason = "tied to a weight that is counted already"
        else:
            reason = f"{leaf} of {kind} is never pruned"
        rows.append(TensorRow(name, tuple(tensor.shape), name in prunable, reason))
    return rows
