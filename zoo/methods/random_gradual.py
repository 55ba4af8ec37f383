"""Gradual random pruning: weights leave at random along a cubic curve, whatever they are."""

from dataclasses import dataclass
from types import MappingProxyType

from ..pruner import Pruner
from ..schedules import CubicConfig
from ..selection import LayerwiseConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class GradualRandomConfig(LayerwiseConfig, CubicConfig):
    """The control of gradual magnitude pruning, so masks change as often; "uniform" is the paper's allocation."""

    updates: int = 20
    allocation: str = "uniform"


@METHODS.register("gradual-random")
class GradualRandom(Method):
    """Chance in the place of a score; pruned weights never return (Gale et al. 2019)."""

    facts = MethodFacts(
        title="Gradual random",
        family="random",
        paper="The State of Sparsity in Deep Neural Networks (arXiv 1902.09574)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        patterns=EVERY_PATTERN,
    )
    config_type = GradualRandomConfig
    short_runs = MappingProxyType({"erk": {"allocation": "erk"}})

    def after_step(self, pruner: Pruner) -> None:
        """Remove any of the weights that are left."""
        config: GradualRandomConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if not schedule.is_update(pruner.step):
            return
        sparsity = schedule.target(pruner.step)
        pruner.set_masks(config.drawn(pruner.shapes, sparsity, pruner.generator, pruner.structure, pruner.masks))
