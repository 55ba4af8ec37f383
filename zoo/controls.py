"""What a control of a pruned model holds fixed: its mask, or how much it keeps in each layer."""

from dataclasses import dataclass

from .masks import Masks, keep_random
from .methods import MaskBehaviour, Method, MethodFacts
from .pruner import Pruner


@dataclass(frozen=True)
class OfConfig:
    """The model that a mask is taken from: its slug, and the densified hash of its weights."""

    of: str
    weights: str


class SameMask(Method):
    """The mask of another model, held from the first step: are its weights worth more than a fresh start?"""

    facts = MethodFacts(
        title="Same mask from scratch",
        family="control",
        paper="Rethinking the Value of Network Pruning (arXiv 1810.05270)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        exact_target=False,  # as many weights as the other model has, whatever it was asked for
    )
    config_type = OfConfig

    def __init__(self, config: OfConfig, masks: Masks) -> None:
        super().__init__(config)
        self._masks = masks

    def prepare(self, pruner: Pruner) -> None:
        """Set the given mask."""
        pruner.set_masks(self._masks)


class RandomMask(SameMask):
    """As many weights as another model in every layer, drawn at random: is it the positions, or the densities?"""

    facts = MethodFacts(
        title="Random mask with the same densities",
        family="control",
        paper="Sanity-Checking Pruning Methods: Random Tickets can Win the Jackpot (arXiv 2009.11094)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        exact_target=False,
    )

    def prepare(self, pruner: Pruner) -> None:
        """Draw the mask."""
        counts = {name: int(mask.sum()) for name, mask in self._masks.items()}
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))


CONTROLS: dict[str, type[Method]] = {"same-mask": SameMask, "random-mask": RandomMask}
"""Beside :data:`~zoo.methods.METHODS`: they need a model to be a control of, so that nobody prunes with them alone."""
