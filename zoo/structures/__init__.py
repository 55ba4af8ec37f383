"""What a pattern means on the tensors of one network: one file for each kind.

A :class:`Structure` chooses masks from scores. ``Pruner.structure`` is that of the run; configurations hand it on::

    pruner.set_masks(config.masks(scores, sparsity, within, pruner.structure))
"""

from collections.abc import Callable

from torch import nn

from ..patterns import Block, Channel, NByM, Pattern, Unstructured
from ..prunable import prunable_parameters
from ._structure import Quota, Structure
from .block import BlockStructure
from .n_by_m import NByMStructure
from .unstructured import UnstructuredStructure

__all__ = ["Quota", "Structure", "structure_of"]


def structure_of(pattern: Pattern, model: nn.Module, image_shape: Callable[[], tuple[int, ...]]) -> Structure:
    """The pattern on the prunable tensors of ``model``; ``image_shape`` gives (channels, height, width) if asked.

    Raises :class:`UsageError` where no tensor of the model can follow the pattern.
    """
    shapes = {name: tuple(weight.shape) for name, weight in prunable_parameters(model).items()}
    match pattern:
        case Unstructured():
            return UnstructuredStructure(shapes)
        case NByM():
            return NByMStructure(shapes, pattern)
        case Block():
            return BlockStructure(shapes, pattern)
        case Channel():
            from .channel import channel_structure

            return channel_structure(model, shapes, pattern, image_shape())
