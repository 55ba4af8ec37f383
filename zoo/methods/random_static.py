"""A random mask drawn once, with Erdős–Rényi-kernel densities: the baseline that every method must beat."""

from dataclasses import dataclass

from ..allocation import erk
from ..masks import keep_random
from ..pruner import Pruner
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class RandomConfig:
    """Nothing to choose."""


@METHODS.register("random")
class RandomStatic(Method):
    """Trained from scratch; the mask looks at no weight and never changes."""

    facts = MethodFacts(
        title="Static random",
        family="random",
        paper="The Unreasonable Effectiveness of Random Pruning: Return of the Most Naive Baseline for Sparse Training "
        "(arXiv 2202.02643)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
    )
    config_type = RandomConfig

    def prepare(self, pruner: Pruner) -> None:
        """Draw the mask: a permutation per tensor, so that counts are exact."""
        pruner.set_masks(keep_random(pruner.shapes, erk(pruner.shapes, pruner.target), pruner.generator))
