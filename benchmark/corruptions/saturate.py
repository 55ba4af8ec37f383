"""Colours turned up."""

from . import CORRUPTIONS
from ._colour import with_saturation
from ._corruption import Corruption, Generators, Images


def saturate(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Multiply the saturation of hue, saturation and value by ``strength``, and keep the other two."""
    return with_saturation(images, strength)


CORRUPTIONS.register("saturate")(
    Corruption(
        name="saturate",
        title="Saturation",
        meaning="factor of the HSV saturation",
        large=(1.5, 2.0, 3.0, 5.0, 20.0),
        small=(1.5, 2.0, 3.0, 5.0, 20.0),
        apply=saturate,
        of_colour=True,
    )
)
