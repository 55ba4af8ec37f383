"""One exchange of a method on the layers that other people's code was run on (``wave_networks``)."""

from collections.abc import Mapping

from torch import Tensor
from torch.optim import SGD
from wave_networks import layered

from zoo.methods import Method
from zoo.pruner import Pruner


def exchange(
    method: Method, masks: Mapping[str, Tensor], phase: float, *, target: float, done: int, total_steps: int
) -> Pruner:
    """A pruner after a step that learned nothing: what moved is the method's doing. Gradients are the wave's."""
    model = layered(phase)
    pruner = Pruner(model, method, target=target, total_steps=total_steps, seed=0)
    pruner.begin(lambda: SGD(model.parameters(), lr=0.0))
    for name, weight in layered(phase).named_parameters():
        pruner.prunable[name].data.copy_(weight.detach())
    pruner.set_masks(masks)
    pruner.step = done - 1
    pruner.after_backward()
    pruner.after_step()
    return pruner
