"""Optimal Brain Damage: what the loss says of every weight by itself."""

from dataclasses import dataclass
from typing import ClassVar

from ..pruner import Pruner
from ..second_order.diagonal import streamed_diagonal
from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._curvature import CurvatureConfig, CurvatureMethod


@dataclass(frozen=True)
class OBDConfig(CurvatureConfig):
    """``damping``: λ of ½w²(F_ii + λ). With λ = δ/N the ranking is that of ``laplace-snr`` with the prior precision δ
    and N training samples; the larger λ, the closer to magnitude. The paper has none."""

    damping: float = 0.0
    damping_may_be_zero: ClassVar[bool] = True


@METHODS.register("obd")
class OptimalBrainDamage(CurvatureMethod):
    """Score ½ w² F_ii, F_ii the mean of squared gradients of samples, in one ranking over all layers; nothing moves."""

    facts = MethodFacts(
        title="Optimal Brain Damage",
        family="second-order",
        paper="LeCun, Denker and Solla, Optimal Brain Damage (NeurIPS 1989); with the empirical Fisher, as in "
        "WoodFisher (arXiv 2004.14340)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = OBDConfig

    def prune_once(self, pruner: Pruner, sparsity: float) -> None:
        """Measure and choose."""
        config: OBDConfig = self.config
        slots = self.slots(pruner)
        device = next(iter(pruner.prunable.values())).device
        diagonal = streamed_diagonal(self.gradients(pruner), None if slots is None else slots("diagonal"), device)
        scores = {
            name: weight.detach().double().square() * (diagonal[name] + config.damping) / 2
            for name, weight in pruner.prunable.items()
        }
        pruner.set_masks(config.masks(scores, sparsity, pruner.masks, pruner.structure))
