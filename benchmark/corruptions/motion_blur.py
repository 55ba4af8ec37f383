"""A camera that moves while it looks."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._fields import random_angles, streaked


def motion_blur(images: Images, strength: float, generators: Generators) -> Images:
    """Average along a straight way of ``strength`` pixels, in a direction of each image's own."""
    return streaked(images, strength, random_angles(generators, images))


CORRUPTIONS.register("motion_blur")(
    Corruption(
        name="motion_blur",
        title="Motion blur",
        meaning="length of the way in pixels",
        large=(6.0, 10.0, 14.0, 19.0, 26.0),
        small=(1.2, 1.8, 2.4, 3.2, 4.4),
        apply=motion_blur,
    )
)
