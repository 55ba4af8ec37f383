"""SynFlow: before training and without any data, keep the weights through which most flows from inputs to outputs."""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..core.errors import UsageError
from ..errors import MaskError
from ..loss_gradients import measuring
from ..pruner import Pruner
from ..second_order.samples import calibration_batches
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class SynFlowConfig(SelectionConfig):
    """The paper's 100 rounds; fewer lose whole layers at high sparsity."""

    rounds: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounds < 1:
            raise UsageError(f"SynFlowConfig needs rounds >= 1, got {self.rounds}.")


@METHODS.register("synflow")
class SynFlow(Method):
    """Tanaka et al. 2020: rounds that end at densities ``(1 - S)^(k/n)``, scores measured anew in each."""

    facts = MethodFacts(
        title="SynFlow",
        family="at initialisation",
        paper="Pruning neural networks without any data by iteratively conserving synaptic flow (arXiv 2006.05467)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        needs_calibration=True,  # for the shape of the images alone
        patterns=EVERY_PATTERN,
    )
    config_type = SynFlowConfig
    short_runs = MappingProxyType({"few-rounds": {"rounds": 5}})

    def prepare(self, pruner: Pruner) -> None:
        """Prune in rounds."""
        config: SynFlowConfig = self.config
        images, _ = next(calibration_batches(pruner.calibration))
        for done in range(1, config.rounds + 1):
            sparsity = pruner.target if done == config.rounds else 1.0 - (1.0 - pruner.target) ** (done / config.rounds)
            scores = synaptic_flow(pruner.model, pruner.prunable, tuple(images.shape[1:]))
            pruner.set_masks(config.masks(scores, sparsity, within=pruner.masks, structure=pruner.structure))


def synaptic_flow(model: nn.Module, names: Collection[str], shape: tuple[int, ...]) -> dict[str, Tensor]:
    """``θ ⊙ ∂R/∂θ`` at ``|θ|``, where R is the sum of the outputs for an image of ones of ``shape`` (channels first).

    All parameters and buffers are taken as absolute values, in evaluation mode. In double precision, because R is a sum
    of products through all layers. In a network of linear maps and rectifiers without biases the scores of every layer
    add up to R (theorem 1). Raises :class:`MaskError` when R overflows.
    """
    with measuring(model, batch_statistics=False):
        tensors = {
            name: tensor.detach().abs().double() if tensor.is_floating_point() else tensor
            for name, tensor in (*model.named_parameters(), *model.named_buffers())
        }
        chosen = [tensors[name].requires_grad_() for name in names]
        ones = torch.ones(1, *shape, dtype=torch.float64, device=chosen[0].device)
        flow: Tensor = functional_call(model, tensors, (ones,)).sum()
    if not bool(torch.isfinite(flow)):
        size = float(flow.detach())
        raise MaskError(f"The synaptic flow of {type(model).__name__} is {size}: its weights are too large.")
    gradients = torch.autograd.grad(flow, chosen, allow_unused=True, materialize_grads=True)
    return {
        name: (weight.detach() * gradient).abs()
        for name, weight, gradient in zip(names, chosen, gradients, strict=True)
    }
