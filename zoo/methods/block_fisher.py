"""Block Fisher pruning: weights leave by what the loss will say, and the others move to make up for them."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from ..core.errors import UsageError
from ..masks import count_for
from ..pruner import Pruner
from ..schedules import CubicConfig
from ..second_order.block_fisher import BlockFisherInverse, block_fisher_inverse
from ..second_order.blocks import BlockLayout
from ..second_order.gradients import gradient_stream
from ..second_order.samples import calibration_batches, first_samples
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class BlockFisherConfig(CubicConfig):
    """How the Fisher is measured.

    ``block_size``: consecutive weights of one tensor that share a Fisher block.
    ``gradients``: m, or as many as one pass over the calibration data gives.
    ``samples_per_gradient``: samples that each of them is averaged over; 1 is the empirical Fisher itself.
    ``damping``: λ, in the unit of squared gradients. Trained networks have F_ii around 1e-8; the value is that of CAP
    (arXiv 2210.09223) for ResNet-50, and the best of 1e-6 to 1e-9 on validation data of digits.
    ``recomputations``: times that the Fisher is measured per mask change; densities fall geometrically between.
    ``weight_update``: move the surviving weights (the Surgeon's joint update); False only removes.
    ``vectorised``: False for models whose layers ``torch.func.vmap`` refuses.
    """

    block_size: int = 50
    gradients: int = 1024
    samples_per_gradient: int = 1
    damping: float = 1e-8
    recomputations: int = 1
    weight_update: bool = True
    vectorised: bool = True

    def __post_init__(self) -> None:
        counts = (self.block_size, self.gradients, self.samples_per_gradient, self.recomputations)
        if min(counts) < 1 or not self.damping > 0:
            raise UsageError(
                "block_size, gradients, samples_per_gradient and recomputations must be at least 1, damping above 0; "
                f"got {counts} and {self.damping}."
            )


@METHODS.register("block-fisher")
class BlockFisher(Method):
    """Score w²/(2[F⁻¹]_qq) in one ranking over all layers; all weights that leave a block are made up for jointly."""

    facts = MethodFacts(
        title="Block Fisher",
        family="second-order",
        paper="The Optimal BERT Surgeon: Scalable and Accurate Second-Order Pruning for Large Language Models "
        "(arXiv 2203.07259)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = BlockFisherConfig

    def after_step(self, pruner: Pruner) -> None:
        """Remove the cheapest of the weights that are left."""
        config: BlockFisherConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if schedule.is_update(pruner.step):
            kept = sum(int(mask.sum()) for mask in pruner.masks.values())
            wanted = count_for(schedule.target(pruner.step), pruner.numel)
            for count in descending_counts(kept, wanted, config.recomputations):
                self._prune_to(pruner, count)

    def _prune_to(self, pruner: Pruner, count: int) -> None:
        fisher = self._measure(pruner)
        sparsity = 1.0 - count / pruner.numel
        kept = SelectionConfig().masks(fisher.saliency(pruner.prunable), sparsity, pruner.masks, pruner.structure)
        if self.config.weight_update:
            leaving = {name: mask & ~kept[name] for name, mask in pruner.masks.items()}
            with torch.no_grad():
                for name, values in fisher.joint_update(pruner.prunable, leaving).items():
                    pruner.prunable[name].copy_(values)
        pruner.set_masks(kept)

    def _measure(self, pruner: Pruner) -> BlockFisherInverse:
        config: BlockFisherConfig = self.config
        wanted = config.gradients * config.samples_per_gradient
        images, labels = first_samples(calibration_batches(pruner.calibration), wanted)
        whole = max(config.samples_per_gradient, len(images) - len(images) % config.samples_per_gradient)

        def stream() -> Iterator[dict[str, torch.Tensor]]:
            return gradient_stream(
                pruner.model,
                pruner.prunable,
                images[:whole],
                labels[:whole],
                samples_per_gradient=config.samples_per_gradient,
                vectorised=config.vectorised,
                masks=pruner.masks,
            )

        layout = BlockLayout.of(pruner.prunable, config.block_size)
        device = next(iter(pruner.prunable.values())).device
        return block_fisher_inverse(stream, layout, config.damping, device=device)


def descending_counts(kept: int, wanted: int, times: int) -> list[int]:
    """``times`` counts from below ``kept`` down to ``wanted`` at equal ratios; empty when nothing has to leave.

    >>> descending_counts(1000, 10, 2)
    [100, 10]
    """
    if wanted >= kept:
        return []
    ratio = max(wanted, 1) / kept
    return [*(round(kept * ratio ** (i / times)) for i in range(1, times)), wanted]
