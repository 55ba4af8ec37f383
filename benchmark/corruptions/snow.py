"""Snow that falls slantwise."""

from math import pi

import torch

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images, drawn
from ._fields import random_angles, streaked
from ._filters import blurred

FLAKES_A_PIXEL = 0.04
"""Share of pixels in which a flake begins, at strength 1."""


def snow(images: Images, strength: float, generators: Generators) -> Images:
    """Pale the picture, then add flakes: points of their own brightness, softened, drawn out the way that they fall."""
    shape = (1, *images.shape[2:])
    angles = random_angles(generators, images)
    chance = drawn(generators, lambda generator: generator.random(shape), images)
    light = drawn(generators, lambda generator: generator.uniform(0.5, 1.0, shape), images)
    side = min(images.shape[2:])
    softness, length = max(0.5, side / 224), max(1.5, side / 20)
    flakes = streaked(blurred(torch.where(chance < FLAKES_A_PIXEL * strength, light, 0.0), softness), length, angles)
    # Spread over a disk and a line, a point keeps this share of its light in its middle; it is given back.
    brightness = (flakes * (2 * pi) ** 0.5 * softness * length).clamp(max=1.0)
    pale: Images = images * (1.0 - strength / 2) + strength / 2
    snowy: Images = pale * (1.0 - brightness) + brightness
    return snowy


CORRUPTIONS.register("snow")(
    Corruption(
        name="snow",
        title="Snow",
        meaning="share of the view that the snowfall takes",
        large=(0.15, 0.25, 0.35, 0.45, 0.55),
        small=(0.15, 0.25, 0.35, 0.45, 0.55),
        apply=snow,
    )
)
