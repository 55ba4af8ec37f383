"""RigL: sparse from the first step; the smallest weights are exchanged for those with the largest dense gradient."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..allocation import erk
from ..masks import keep_random, keep_top
from ..pruner import Pruner
from ..schedules import CosineDrop
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class RigLConfig:
    """``interval``: steps between exchanges; ``drop``: the first fraction; ``end``: fraction of the run, then none."""

    interval: int = 100
    drop: float = 0.3
    end: float = 0.75


@METHODS.register("rigl")
class RigL(Method):
    """Evci et al. 2020, ERK densities; an exchange replaces the optimizer's step, as in google-research/rigl."""

    facts = MethodFacts(
        title="RigL (ERK)",
        family="regrowth",
        paper="Rigging the Lottery: Making All Tickets Winners (arXiv 1911.11134)",
        mask_behaviour=MaskBehaviour.CONSTANT_COUNT,
        starts_from="scratch",
    )
    config_type = RigLConfig

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random."""
        pruner.set_masks(keep_random(pruner.shapes, erk(pruner.shapes, pruner.target), pruner.generator))

    def after_backward(self, pruner: Pruner) -> bool:
        """Exchange weights every ``interval`` steps before ``end``; the gradient of a pruned weight is not masked."""
        config: RigLConfig = self.config
        drop = CosineDrop(config.drop, round(config.end * pruner.total_steps))
        if pruner.step == 0 or pruner.step % config.interval != 0 or pruner.step >= drop.end:
            return False
        fraction = drop.fraction(pruner.step)
        pruner.set_masks(
            {
                name: exchanged(weight.detach(), _gradient(weight), pruner.masks[name], fraction)
                for name, weight in pruner.prunable.items()
            }
        )
        return True


def exchanged(
    weight: Float[Tensor, "*shape"], gradient: Float[Tensor, "*shape"], mask: Bool[Tensor, "*shape"], fraction: float
) -> Bool[Tensor, "*shape"]:
    """The mask after one exchange: as many kept as before.

    Of ``n`` kept weights the ``k = int(fraction * n)`` smallest leave; then the ``k`` positions with the largest
    ``|gradient|`` join, among all that are not kept now, those that just left included. A new weight starts at zero
    because it was masked until now, and so does its momentum.
    """
    kept_count = int(mask.sum())
    exchange = int(fraction * kept_count)
    kept = keep_top(weight.abs().masked_fill(~mask, -torch.inf), kept_count - exchange)
    grown = keep_top(gradient.abs().masked_fill(kept, -torch.inf), exchange)
    return kept | grown


def _gradient(weight: torch.nn.Parameter) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad
