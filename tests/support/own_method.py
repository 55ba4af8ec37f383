"""A pruning method as a user writes one: a single file that knows nothing of this repository's tests."""

from dataclasses import dataclass

from zoo.methods import METHODS, MaskBehaviour, Method, MethodFacts
from zoo.pruner import Pruner
from zoo.scores import magnitude
from zoo.selection import SelectionConfig


@dataclass(frozen=True)
class LargestGoConfig(SelectionConfig):
    """As for every method that selects by score."""


@METHODS.register("largest-go")
class LargestGo(Method):
    """The largest weights leave: a method that nobody should want."""

    facts = MethodFacts(
        title="Largest go",
        family="magnitude",
        paper="None; a counter-example to arXiv 1506.02626",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
    )
    config_type = LargestGoConfig

    def prepare(self, pruner: Pruner) -> None:
        """Remove the largest weights."""
        config: LargestGoConfig = self.config
        smallness = {name: -score for name, score in magnitude(pruner.prunable).items()}
        pruner.set_masks(config.masks(smallness, pruner.target))
