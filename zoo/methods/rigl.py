"""RigL: sparse from the first step; the smallest weights are exchanged for those with the largest dense gradient."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..core.errors import UsageError
from ..exchanges import ExchangeConfig
from ..masks import keep_random
from ..pruner import Pruner
from ..regrowth import dense_gradient, exchanged
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class RigLConfig(ExchangeConfig):
    """The paper's settings; its uniform masks are ``allocation="uniform", scope="no-stem"``.

    ``interval`` counts batches of 4,096 images: with smaller ones it should be as many times longer.
    ``accumulation``: gradients are averaged over this many steps up to the exchange, for small batches (as in
    nollied/rigl-torch); 1 is the paper.
    """

    accumulation: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.accumulation <= self.interval:
            raise UsageError(
                f"RigLConfig needs 1 <= accumulation <= interval, got {self.accumulation} and {self.interval}."
            )


@METHODS.register("rigl")
class RigL(Method):
    """Evci et al. 2020; an exchange replaces the optimizer's step, as in google-research/rigl."""

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
        counts = self.config.counts(pruner.shapes, pruner.target)
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))

    def after_backward(self, pruner: Pruner) -> bool:
        """Exchange weights every ``interval`` steps before ``end``; the gradient of a pruned weight is not masked."""
        config: RigLConfig = self.config
        if not self._accumulates(pruner):
            return False
        for name, weight in pruner.prunable.items():
            key = f"gradient.{name}"  # a sum, not a mean: only the order of the gradients' sizes matters
            so_far = pruner.memory.get(key)
            pruner.memory[key] = dense_gradient(weight) if so_far is None else so_far + dense_gradient(weight)
        if pruner.step % config.interval:
            return False
        fraction = config.fraction(pruner.step, pruner.total_steps)
        gradients = {name: pruner.memory.pop(f"gradient.{name}") for name in pruner.prunable}
        pruner.set_masks(
            {
                name: exchanged(weight.detach(), gradients[name].abs(), pruner.masks[name], fraction)
                for name, weight in pruner.prunable.items()
            }
        )
        return True

    def gradient_counts(self, pruner: Pruner) -> Mapping[str, int] | None:
        """Dense gradients at an exchange and while they are summed up for it."""
        return pruner.numels if self._accumulates(pruner) else None

    def _accumulates(self, pruner: Pruner) -> bool:
        config: RigLConfig = self.config
        due = pruner.step + -pruner.step % config.interval  # the next step, or this one, at which weights change places
        return config.is_due(due, pruner.total_steps) and due - pruner.step < config.accumulation
