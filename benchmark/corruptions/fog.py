"""Fog, thicker in some places than in others."""

import torch

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._fields import fractal_field

AIRLIGHT = 0.85
"""How bright endless fog is, white = 1."""

ROUGHNESS = 3.0
"""The fall of the fog's power with frequency."""


def fog(images: Images, strength: float, generators: Generators) -> Images:
    """Koschmieder's law: a share exp(-depth) of the light arrives, the rest is airlight.

    The depth is a fractal field from thin to thick whose mean over the picture is ``strength``.
    """
    field = fractal_field(generators, images, ROUGHNESS) + 0.25
    depth = strength * field / field.mean(dim=(2, 3), keepdim=True)
    arrives = torch.exp(-depth)
    return images * arrives + AIRLIGHT * (1.0 - arrives)


CORRUPTIONS.register("fog")(
    Corruption(
        name="fog",
        title="Fog",
        meaning="mean optical depth",
        large=(0.4, 0.7, 1.0, 1.4, 1.9),
        small=(0.4, 0.7, 1.0, 1.4, 1.9),
        apply=fog,
    )
)
