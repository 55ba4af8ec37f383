"""WoodFisher: the inverse Fisher by blocks of a layer, and the moves of single weights added up."""

from dataclasses import dataclass
from types import MappingProxyType

from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._block_surgeon import BlockSurgeonConfig, BlockSurgeonMethod


@dataclass(frozen=True)
class WoodFisherConfig(BlockSurgeonConfig):
    """Defaults of the authors' scripts for ResNet-50 (IST-DASLab/WoodFisher @d4b1a96), but for the group.

    Their blocks have 2,000 weights ("fittable parameters"); 400 gradients ("subsample") are each the mean over 400
    images ("mini-batch"): the published recipe says so. Here a gradient is of one image, the program's own default.
    ``allocation``: "global" is their joint, "uniform" their independent pruning of the layers.
    ``update``: "summed" is theirs; "joint" makes up for all weights that leave a block together.
    """

    gradients: int = 400
    damping: float = 1e-5
    block_size: int = 2000
    update: str = "summed"


@METHODS.register("woodfisher")
class WoodFisher(BlockSurgeonMethod):
    """Score w²/(2[F⁻¹]_qq) over all layers or in each; every weight that leaves is made up for by itself."""

    facts = MethodFacts(
        title="WoodFisher",
        family="second-order",
        paper="WoodFisher: Efficient Second-Order Approximation for Neural Network Compression (arXiv 2004.14340)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = WoodFisherConfig
    short_runs = MappingProxyType({"independent": {"allocation": "uniform", "update": "joint", "block_size": 40}})
