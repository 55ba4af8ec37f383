"""Gradual magnitude pruning: the smallest weights of the whole network leave along a cubic curve."""

from dataclasses import dataclass

from ..masks import count_for, keep_top_global
from ..pruner import Pruner
from ..schedules import CubicConfig
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class GMPConfig(CubicConfig):
    """Magnitudes cost nothing to look at, so masks change more often than by curvature."""

    updates: int = 20


@METHODS.register("gmp")
class GradualMagnitude(Method):
    """Score ``|w|``, one ranking over all layers, pruned weights never return (Zhu & Gupta 2017)."""

    facts = MethodFacts(
        title="Gradual magnitude",
        family="magnitude",
        paper="To prune, or not to prune: exploring the efficacy of pruning for model compression (arXiv 1710.01878)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
    )
    config_type = GMPConfig

    def after_step(self, pruner: Pruner) -> None:
        """Remove the smallest of the weights that are left."""
        config: GMPConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if schedule.is_update(pruner.step):
            magnitudes = {name: weight.detach().abs() for name, weight in pruner.prunable.items()}
            count = count_for(schedule.target(pruner.step), pruner.numel)
            pruner.set_masks(keep_top_global(magnitudes, count, within=pruner.masks))
