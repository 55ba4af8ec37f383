"""Ice on the window."""

import torch

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._fields import Field, fractal_field, random_angles, spread, streaked

ROUGHNESS = 2.0
ICE = (0.82, 0.90, 0.97)
"""The colour of ice in red, green and blue; a grey picture takes the mean."""


def frost(images: Images, strength: float, generators: Generators) -> Images:
    """Lay crystals over the picture, which hide up to a share ``strength`` of it."""
    colour = torch.tensor(ICE, dtype=images.dtype, device=images.device).reshape(1, 3, 1, 1)
    if images.shape[1] == 1:
        colour = colour.mean(dim=1, keepdim=True)
    hidden = strength * crystals(generators, images)
    return images * (1.0 - hidden) + colour * hidden


def crystals(generators: Generators, like: Images) -> Field:
    """The thickness of the ice, from 0 to 1: the crests of two fractal fields, drawn out to needles that cross.

    Made here instead of photographed: a picture of frost would come with a licence, and with one shape only.
    """
    angles = random_angles(generators, like)
    length = max(2.0, min(like.shape[2:]) / 16)
    needles = [
        streaked(crests(fractal_field(generators, like, ROUGHNESS)), length, angles + turn) for turn in (0.0, 1.05)
    ]
    veil = fractal_field(generators, like, ROUGHNESS)
    return spread(torch.maximum(*needles) + 0.5 * veil)


def crests(field: Field) -> Field:
    """1 where the field crosses its middle, falling to 0 on both sides."""
    middle = field.mean(dim=(2, 3), keepdim=True)
    return (1.0 - 3.0 * (field - middle).abs()).clamp(min=0.0)


CORRUPTIONS.register("frost")(
    Corruption(
        name="frost",
        title="Frost",
        meaning="share of the view that ice takes where it is thickest",
        large=(0.3, 0.45, 0.6, 0.75, 0.9),
        small=(0.3, 0.45, 0.6, 0.75, 0.9),
        apply=frost,
    )
)
