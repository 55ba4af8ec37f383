"""Noise that grows with the light."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images, drawn_values


def speckle_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Multiply every value by 1 + normal noise of standard deviation ``strength``."""
    noise = drawn_values(generators, lambda generator, shape: generator.normal(scale=strength, size=shape), images)
    return images * (1.0 + noise)


CORRUPTIONS.register("speckle_noise")(
    Corruption(
        name="speckle_noise",
        title="Speckle noise",
        meaning="standard deviation at white",
        large=(0.15, 0.2, 0.35, 0.45, 0.6),
        small=(0.15, 0.2, 0.35, 0.45, 0.6),
        apply=speckle_noise,
    )
)
