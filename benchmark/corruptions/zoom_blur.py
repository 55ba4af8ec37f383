"""A camera that comes nearer while it looks."""

from math import ceil

import torch

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._sampling import pixel_places, sample


def zoom_blur(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Average the picture at magnifications from 1 to ``strength``, so close that no pixel moves by more than one."""
    height, width = images.shape[2:]
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    rows, columns = pixel_places(images)
    factors = torch.linspace(1.0, strength, 1 + ceil((strength - 1) * max(height, width) / 2), dtype=images.dtype)
    total = torch.zeros_like(images)
    for factor in factors.tolist():
        total += sample(
            images, middle_row + (rows - middle_row) / factor, middle_column + (columns - middle_column) / factor
        )
    return total / len(factors)


CORRUPTIONS.register("zoom_blur")(
    Corruption(
        name="zoom_blur",
        title="Zoom blur",
        meaning="largest magnification",
        large=(1.11, 1.16, 1.21, 1.26, 1.33),
        small=(1.2, 1.3, 1.45, 1.6, 1.8),
        apply=zoom_blur,
    )
)
