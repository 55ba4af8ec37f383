"""Optimal Brain Surgeon: one weight after the other, with the whole inverse Fisher. For small networks."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from ..errors import MaskError, TooLargeError
from ..masks import count_for
from ..pruner import Pruner
from ..second_order.block_fisher import BlockFisherInverse, block_fisher_inverse
from ..second_order.kept_weights import KeptWeights
from ..second_order.memory import check_memory, in_words
from . import METHODS, MaskBehaviour, MethodFacts
from ._curvature import CurvatureConfig, CurvatureMethod, set_weights

_INSTEAD = "Use cap or block-fisher: they invert the Fisher by blocks of weights."


@dataclass(frozen=True)
class OBSConfig(CurvatureConfig):
    """``largest``: the most weights that may be left when the Fisher is measured. To remove k of n weights takes kn²
    products: twenty minutes on one core for all of the default."""

    largest: int = 10_000

    at_least_one: ClassVar[tuple[str, ...]] = (*CurvatureConfig.at_least_one, "largest")

    @classmethod
    def allocations(cls) -> tuple[str, ...]:
        """All weights are one ranking."""
        return ("global",)


@METHODS.register("obs")
class OptimalBrainSurgeon(CurvatureMethod):
    """The weight with the smallest w²/(2[F⁻¹]_qq) leaves, all others make up for it, and so on; F⁻¹ is of all weights
    that are left, in double precision."""

    facts = MethodFacts(
        title="Optimal Brain Surgeon",
        family="second-order",
        paper="Hassibi and Stork, Second Order Derivatives for Network Pruning: Optimal Brain Surgeon (NeurIPS 1992); "
        "with the empirical Fisher as in WoodFisher (arXiv 2004.14340)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
    )
    config_type = OBSConfig

    def prune_once(self, pruner: Pruner, sparsity: float) -> None:
        """Measure once, then remove one weight after the other."""
        kept = KeptWeights(pruner.masks)
        leave = kept.count - count_for(sparsity, pruner.numel)
        candidates = self._candidates(pruner, kept)[None]
        if leave > int(candidates.sum()):
            raise MaskError(f"At sparsity {sparsity} the layers that stay dense keep too much.")
        fisher = self._measured(pruner, kept)
        weights = kept.gather(pruner.prunable)[None]
        leaving = fisher.removal(weights, candidates, leave).order >= 0
        moved, stays = fisher.updated(weights, leaving)[0], kept.scatter(~leaving[0])
        set_weights(pruner, kept.scatter(moved))
        pruner.set_masks(stays)

    def _candidates(self, pruner: Pruner, kept: KeptWeights) -> torch.Tensor:
        config: OBSConfig = self.config
        dense = config.dense(pruner.shapes)
        return kept.gather({name: torch.full_like(mask, name not in dense) for name, mask in pruner.masks.items()})

    def _measured(self, pruner: Pruner, kept: KeptWeights) -> BlockFisherInverse:
        config: OBSConfig = self.config
        needed = 3 * 8 * kept.count**2  # the inverse, the copy that is eliminated, a product
        what = f"Optimal Brain Surgeon on {kept.count:,} weights"
        if kept.count > config.largest:
            raise TooLargeError(
                f"{what} takes {in_words(needed)} of memory and {kept.count**3:.0e} products; "
                f"it is set to stop at {config.largest:,} weights.",
                _INSTEAD,
            )
        device = next(iter(pruner.prunable.values())).device
        check_memory(needed, device, what, _INSTEAD)
        return block_fisher_inverse(
            kept.stream(self.gradients(pruner)),
            kept.layout(kept.count),
            config.damping,
            dtype=torch.float64,
            device=device,
            slot=self.slots(pruner),
        )
