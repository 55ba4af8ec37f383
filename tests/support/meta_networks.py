"""Every architecture without memory for its weights: names, shapes and a forward pass of no numbers."""

from functools import cache

import torch
from torch import nn

from zoo.models import build

CLASSES = 7


@cache
def meta_network(architecture: str) -> nn.Module:
    """The network for :data:`CLASSES` classes on torch's meta device, in evaluation mode; the same one every time."""
    with torch.device("meta"):
        return build(architecture, CLASSES).eval()
