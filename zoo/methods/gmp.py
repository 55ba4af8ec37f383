"""Gradual magnitude pruning: the smallest weights leave along a cubic curve."""

from dataclasses import dataclass
from types import MappingProxyType

from ..pruner import Pruner
from ..schedules import CubicConfig
from ..scores import magnitude
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class GMPConfig(SelectionConfig, CubicConfig):
    """Magnitudes cost nothing to look at, so masks change more often than by curvature.

    The paper's allocation is "uniform"; one ranking over all layers ("global") is the stronger baseline.
    """

    updates: int = 20


@METHODS.register("gmp")
class GradualMagnitude(Method):
    """Score ``|w|``; pruned weights never return (Zhu & Gupta 2017)."""

    facts = MethodFacts(
        title="Gradual magnitude",
        family="magnitude",
        paper="To prune, or not to prune: exploring the efficacy of pruning for model compression (arXiv 1710.01878)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        patterns=EVERY_PATTERN,
    )
    config_type = GMPConfig
    short_runs = MappingProxyType({"uniform": {"allocation": "uniform"}, "lamp": {"allocation": "lamp"}})

    def after_step(self, pruner: Pruner) -> None:
        """Remove the smallest of the weights that are left."""
        config: GMPConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if schedule.is_update(pruner.step):
            sparsity = schedule.target(pruner.step)
            scores = magnitude(pruner.prunable)
            pruner.set_masks(config.masks(scores, sparsity, pruner.masks, pruner.structure))
