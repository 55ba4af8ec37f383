"""The Optimal Brain Surgeon on blocks of the Fisher: block Fisher, WoodFisher and the Optimal BERT Surgeon."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..pruner import Pruner
from ..second_order.block_fisher import BlockFisherInverse, Update, block_fisher_inverse
from ..second_order.blocks import BlockLayout
from ..second_order.surgeon import joint_update, summed_update
from ..second_order.surgery import Surgery
from ._curvature import CurvatureConfig, CurvatureMethod, set_weights

UPDATES: Mapping[str, Update | None] = MappingProxyType({"joint": joint_update, "summed": summed_update, "none": None})


@dataclass(frozen=True)
class BlockSurgeonConfig(CurvatureConfig):
    """The blocks, and what becomes of the weights that stay.

    ``block_size``: consecutive weights of one tensor that share a Fisher block; the last block of a tensor is smaller.
    ``update``: "joint" makes up for all weights that leave a block together, "summed" adds up the moves that each alone
    would cause, "none" moves nothing.
    ``update_scale``: the part of that move which is made.
    """

    block_size: int = 50
    update: str = "joint"
    update_scale: float = 1.0

    at_least_one: ClassVar[tuple[str, ...]] = (*CurvatureConfig.at_least_one, "block_size")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.update not in UPDATES:
            raise UsageError(f"update is one of {', '.join(UPDATES)}, got {self.update!r}.")
        if not 0.0 < self.update_scale <= 1.0:
            raise UsageError(f"update_scale is above 0 and at most 1, got {self.update_scale}.")

    @property
    def mover(self) -> Update | None:
        """The update, scaled."""
        update = UPDATES[self.update]
        return update if update is None or self.update_scale == 1.0 else partial(_scaled, update, self.update_scale)


class BlockSurgeonMethod(CurvatureMethod):
    """Score w²/(2[F⁻¹]_qq), F⁻¹ by blocks; the weights that stay make up for those that leave."""

    def prune_once(self, pruner: Pruner, sparsity: float) -> None:
        """Measure, choose, move."""
        config: BlockSurgeonConfig = self.config
        surgery = self.surgery(pruner)
        (scores,) = surgery.look(lambda fisher, weights, _kept: (fisher.saliency(weights),))
        masks = config.masks(surgery.layout.scatter(scores), sparsity, pruner.masks, pruner.structure)
        set_weights(pruner, surgery.remove(masks, config.mover))
        pruner.set_masks(masks)

    def surgery(self, pruner: Pruner) -> Surgery:
        """The blocks of the weights as they are now."""
        config: BlockSurgeonConfig = self.config
        layout = BlockLayout.of(pruner.prunable, config.block_size)
        stream, slots = self.gradients(pruner), self.slots(pruner)
        device = next(iter(pruner.prunable.values())).device

        def measure(part: Tensor | None) -> BlockFisherInverse:
            first = "all" if part is None else int(part[0])
            return block_fisher_inverse(
                stream,
                layout,
                config.damping,
                chosen=part,
                device=device,
                slot=None if slots is None else lambda name: slots(f"{name}-{first}"),
            )

        return Surgery(pruner.prunable, pruner.masks, layout, measure)


def _scaled(update: Update, scale: float, weights: Tensor, inverse: Tensor, leaving: Tensor) -> Tensor:
    moved: Tensor = torch.lerp(weights.to(inverse.dtype), update(weights, inverse, leaving), scale)
    return moved.masked_fill(leaving, 0.0)
