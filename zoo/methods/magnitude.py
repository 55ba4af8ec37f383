"""One-shot magnitude pruning: the smallest weights of a trained network leave at once, the others are trained on."""

from dataclasses import dataclass
from types import MappingProxyType

from ..pruner import Pruner
from ..scores import magnitude
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class MagnitudeConfig(SelectionConfig):
    """How much each layer keeps is all there is to choose."""


@METHODS.register("magnitude")
class OneShotMagnitude(Method):
    """Score ``|w|``, before the first step (Han et al. 2015; "lamp": Lee et al. 2021, arXiv 2010.07611)."""

    facts = MethodFacts(
        title="One-shot magnitude",
        family="magnitude",
        paper="Learning both Weights and Connections for Efficient Neural Networks (arXiv 1506.02626)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        patterns=EVERY_PATTERN,
    )
    config_type = MagnitudeConfig
    short_runs = MappingProxyType({"uniform": {"allocation": "uniform"}, "erk": {"allocation": "erk"}})

    def prepare(self, pruner: Pruner) -> None:
        """Remove the smallest weights."""
        config: MagnitudeConfig = self.config
        pruner.set_masks(config.masks(magnitude(pruner.prunable), pruner.target, structure=pruner.structure))
