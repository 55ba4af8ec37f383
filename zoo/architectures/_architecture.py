"""What the zoo must know of a network."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ..checkpoint.config import Preprocessing


@dataclass(frozen=True)
class Architecture:
    """A network family's entry.

    ``build`` makes a freshly initialised network for a number of classes, from torch's global random state.
    ``classifier`` is the module (a linear layer) that a new head replaces; its input are the features.
    ``timm_name`` is None where timm cannot build it. ``source`` says where the definition comes from. ``recipe`` is the
    file of :mod:`zoo.recipes` with our own settings for it. ``parameters`` counts those of a network for the 1,000
    classes of ImageNet; None for networks made for other images. ``port_of`` names the architecture that has the same
    layers in the graph of another framework: dense models of one are yardsticks for pruned ones of the other.
    """

    name: str
    title: str
    build: Callable[[int], nn.Module]
    preprocessing: Preprocessing
    classifier: str
    timm_name: str | None
    source: str
    recipe: str = "small-images"
    parameters: int | None = None
    port_of: str | None = None
