"""The Optimal BERT Surgeon as its authors' program runs it."""

from dataclasses import dataclass
from types import MappingProxyType

from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._block_surgeon import BlockSurgeonConfig, BlockSurgeonMethod


@dataclass(frozen=True)
class OBERTConfig(BlockSurgeonConfig):
    """Defaults of neuralmagic/sparseml @1c04a01 ``OBSPruningModifier``: blocks of 50, 1,024 gradients, λ = 1e-7, moves
    of single weights added up. The gradients of its BERT recipes are means over 16 samples; here over one."""

    update: str = "summed"


@METHODS.register("obert")
class OBERT(BlockSurgeonMethod):
    """Score w²/(2[F⁻¹]_qq) in one ranking over all layers; every weight that leaves is made up for by itself.

    The measuring and the scores are those of ``block-fisher``; they differ in the update and the damping.
    """

    facts = MethodFacts(
        title="Optimal BERT Surgeon",
        family="second-order",
        paper="The Optimal BERT Surgeon: Scalable and Accurate Second-Order Pruning for Large Language Models "
        "(arXiv 2203.07259)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = OBERTConfig
    short_runs = MappingProxyType({"joint": {"update": "joint", "recomputations": 2}})
