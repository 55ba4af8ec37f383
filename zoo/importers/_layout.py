"""What a layout is, and how masks are folded into weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import ForeignFileError

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Importer:
    """A layout of names and tensors.

    ``marks`` says whether a state dict has the marks of this layout; ``convert`` gives it without them. ``source``
    names the code that writes such files. ``architectures`` are the only ones that compute what these files mean, where
    others have the same tensors; empty where the tensors tell.
    """

    name: str
    title: str
    marks: Callable[[State], bool]
    convert: Callable[[State], State]
    source: str
    architectures: tuple[str, ...] = ()


def masked(name: str, weight: Tensor, mask: Tensor) -> Tensor:
    """``weight`` where ``mask`` is 1, and 0 elsewhere; raises :class:`ForeignFileError` for a mask of other values."""
    if mask.shape != weight.shape:
        raise ForeignFileError(f"The mask of {name} has shape {list(mask.shape)}, its weight {list(weight.shape)}.")
    if not bool(((mask == 0) | (mask == 1)).all()):
        raise ForeignFileError(f"The mask of {name} has values other than 0 and 1.", "Is it a mask at all?")
    # A product would leave NaN where a NaN is masked, and -0.0 where a negative weight is.
    return torch.where(mask.bool(), weight, torch.zeros((), dtype=weight.dtype))
