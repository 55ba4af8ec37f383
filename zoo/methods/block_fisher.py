"""Block Fisher pruning: weights leave by what the loss will say, and the others move to make up for all of them."""

from dataclasses import dataclass

from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._block_surgeon import BlockSurgeonConfig, BlockSurgeonMethod


@dataclass(frozen=True)
class BlockFisherConfig(BlockSurgeonConfig):
    """Blocks and gradients of the Optimal BERT Surgeon.

    Trained networks have F_ii around 1e-8; the damping is that of CAP (arXiv 2210.09223) for ResNet-50, and the best of
    1e-6 to 1e-9 on validation data of digits.
    """

    damping: float = 1e-8


@METHODS.register("block-fisher")
class BlockFisher(BlockSurgeonMethod):
    """Score w²/(2[F⁻¹]_qq) in one ranking over all layers; all weights that leave a block are made up for jointly.

    What the Optimal BERT Surgeon derives for a group of weights, with all weights that leave a block as the group. Its
    program (here ``obert``) adds up single moves instead.
    """

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
