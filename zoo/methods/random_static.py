"""A random mask drawn once: the baseline that every method must beat."""

from dataclasses import dataclass
from types import MappingProxyType

from ..pruner import Pruner
from ..selection import LayerwiseConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class RandomConfig(LayerwiseConfig):
    """How much each layer keeps is all there is to choose; Erdős–Rényi-kernel is the strongest (Liu et al. 2022)."""


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
        patterns=EVERY_PATTERN,
    )
    config_type = RandomConfig
    short_runs = MappingProxyType({"er": {"allocation": "er"}})

    def prepare(self, pruner: Pruner) -> None:
        """Draw the mask: a permutation per tensor, so that counts are exact."""
        config: RandomConfig = self.config
        pruner.set_masks(config.drawn(pruner.shapes, pruner.target, pruner.generator, pruner.structure))
