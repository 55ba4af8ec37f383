"""RigL: sparse from the first step; the smallest weights are exchanged for those with the largest dense gradient."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..allocation import erk
from ..core.errors import UsageError
from ..masks import keep_random, keep_top
from ..pruner import Pruner
from ..schedules import CosineDrop
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class RigLConfig:
    """When and how much to exchange.

    ``interval``: steps between exchanges; ``drop``: the first fraction, lowered by a cosine; ``end``: the fraction of
    the run after which masks stay. ``accumulation``: gradients are averaged over this many steps up to the exchange,
    for batches much smaller than the paper's 4,096 images (as in nollied/rigl-torch); 1 is the paper.
    """

    interval: int = 100
    drop: float = 0.3
    end: float = 0.75
    accumulation: int = 1

    def __post_init__(self) -> None:
        if not (1 <= self.accumulation <= self.interval and 0 < self.drop < 1 and 0 < self.end <= 1):
            raise UsageError(
                "RigL needs 1 <= accumulation <= interval, 0 < drop < 1 and 0 < end <= 1, "
                f"got {self.accumulation}, {self.interval}, {self.drop} and {self.end}."
            )


@METHODS.register("rigl")
class RigL(Method):
    """Evci et al. 2020, ERK densities; an exchange replaces the optimizer's step, as in google-research/rigl."""

    facts = MethodFacts(
        title="RigL",
        family="regrowth",
        paper="Rigging the Lottery: Making All Tickets Winners (arXiv 1911.11134)",
        mask_behaviour=MaskBehaviour.CONSTANT_COUNT,
        starts_from="scratch",
    )
    config_type = RigLConfig
    short_runs = MappingProxyType({"exchanging": {"interval": 4, "accumulation": 3}})

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random."""
        pruner.set_masks(keep_random(pruner.shapes, erk(pruner.shapes, pruner.target), pruner.generator))

    def after_backward(self, pruner: Pruner) -> bool:
        """Exchange weights every ``interval`` steps before ``end``; the gradient of a pruned weight is not masked."""
        config: RigLConfig = self.config
        drop = CosineDrop(config.drop, round(config.end * pruner.total_steps))
        due = pruner.step + -pruner.step % config.interval  # the next step, or this one, at which weights change places
        if due == 0 or due >= drop.end or due - pruner.step >= config.accumulation:
            return False
        for name, weight in pruner.prunable.items():
            _add(pruner.memory, f"gradient.{name}", weight)
        if pruner.step < due:
            return False
        fraction = drop.fraction(pruner.step)
        gradients = {name: pruner.memory.pop(f"gradient.{name}") for name in pruner.prunable}
        pruner.set_masks(
            {
                name: exchanged(weight.detach(), gradients[name], pruner.masks[name], fraction)
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


def _add(memory: dict[str, Tensor], key: str, weight: torch.nn.Parameter) -> None:
    """Sum, not mean: only the order of the gradients' sizes matters."""
    gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad.detach().clone()
    memory[key] = memory[key] + gradient if key in memory else gradient
