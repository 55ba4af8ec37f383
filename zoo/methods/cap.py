"""CAP: correlations among the weights that leave a block count already when they are chosen."""

from dataclasses import dataclass
from types import MappingProxyType

from ..patterns import UNSTRUCTURED
from ..pruner import Pruner
from ..second_order.greedy import first_of
from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._block_surgeon import BlockSurgeonConfig, BlockSurgeonMethod
from ._curvature import set_weights


@dataclass(frozen=True)
class CAPConfig(BlockSurgeonConfig):
    """Defaults of IST-DASLab/CAP @f4cbe69 ``CAPruningModifier``: blocks of 50, 1,024 gradients, λ = 1e-7.

    Its ResNet-50-D recipes take blocks of 256, 4,096 gradients and 1e-8 or 1e-7, and leave stem and classifier dense.
    ``update``: "joint" is what the procedure ends at; "none" only removes.
    """


@METHODS.register("cap")
class CAP(BlockSurgeonMethod):
    """In each block the cheapest weight leaves, the others make up for it, and so on; the loss of the block by then is
    the weight's score in one ranking over all layers.

    For other patterns than "unstructured" these scores choose among groups, blocks or channels, and what stays makes up
    for the weights that were chosen.
    """

    facts = MethodFacts(
        title="Correlation-aware pruner",
        family="second-order",
        paper="CAP: Correlation-Aware Pruning for Highly-Accurate Sparse Vision Models (arXiv 2210.09223)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = CAPConfig
    short_runs = MappingProxyType({"uniform": {"allocation": "uniform", "recomputations": 2, "block_size": 7}})

    def prune_once(self, pruner: Pruner, sparsity: float) -> None:
        """Go through every block to its end, choose how far each goes, and move what stays."""
        config: CAPConfig = self.config
        surgery = self.surgery(pruner)
        layout = surgery.layout
        losses, order = surgery.look(lambda fisher, weights, kept: fisher.removal(weights, kept))
        masks = config.masks(layout.scatter(losses), sparsity, pruner.masks, pruner.structure)
        if pruner.pattern == UNSTRUCTURED:
            # Of weights that leave at the same loss some may be chosen: the first ones of the block's own order then.
            leaving = layout.scatter(first_of(order, (surgery.kept & ~layout.gather(masks)).sum(-1)))
            masks = {name: mask & ~leaving[name] for name, mask in pruner.masks.items()}
        set_weights(pruner, surgery.remove(masks, config.mover))
        pruner.set_masks(masks)
