"""Over-exposure."""

from . import CORRUPTIONS
from ._colour import with_value
from ._corruption import Corruption, Generators, Images


def brightness(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Raise the value of hue, saturation and value by ``strength`` and keep the other two; grey images are added to."""
    return with_value(images, (images.amax(dim=1, keepdim=True) + strength).clamp(0.0, 1.0))


CORRUPTIONS.register("brightness")(
    Corruption(
        name="brightness",
        title="Brightness",
        meaning="added to the HSV value, white = 1",
        large=(0.1, 0.2, 0.3, 0.4, 0.5),
        small=(0.1, 0.2, 0.3, 0.4, 0.5),
        apply=brightness,
    )
)
