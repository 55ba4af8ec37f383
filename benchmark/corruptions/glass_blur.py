"""Frosted glass."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images, drawn
from ._filters import blurred
from ._sampling import pixel_places, sample


def glass_blur(images: Images, strength: float, generators: Generators) -> Images:
    """Each pixel shows one that is up to ``strength`` pixels away in each direction; then blur by a quarter of that."""
    rows, columns = pixel_places(images)
    shape = (2, *images.shape[2:])
    aside = drawn(generators, lambda generator: generator.uniform(-strength, strength, shape), images).round()
    return blurred(sample(images, rows + aside[:, 0], columns + aside[:, 1]), strength / 4)


CORRUPTIONS.register("glass_blur")(
    Corruption(
        name="glass_blur",
        title="Glass blur",
        meaning="pixels that a ray may be displaced by",
        large=(1.0, 1.5, 2.0, 3.0, 4.5),
        small=(0.7, 0.9, 1.2, 1.6, 2.2),
        apply=glass_blur,
    )
)
