"""Hue, saturation, value."""

import torch
from jaxtyping import Float64
from torch import Tensor

from ._corruption import Images


def with_value(images: Images, value: Float64[Tensor, "n 1 h w"]) -> Images:
    """The same hue and saturation with another value; grey images take it as it is.

    A black pixel has no hue: it becomes grey.
    """
    largest = images.amax(dim=1, keepdim=True)
    return torch.where(largest > 0, images * (value / torch.where(largest > 0, largest, 1.0)), value)


def with_saturation(images: Images, factor: float) -> Images:
    """The same hue and value with ``factor`` times the saturation, at most 1; grey pixels stay."""
    largest, smallest = images.amax(dim=1, keepdim=True), images.amin(dim=1, keepdim=True)
    saturation = (largest - smallest) / torch.where(largest > 0, largest, 1.0)
    wanted = (factor * saturation).clamp(max=1.0)
    # A channel's distance from the value is proportional to the saturation.
    scale = wanted / torch.where(saturation > 0, saturation, 1.0)
    return largest - (largest - images) * scale
