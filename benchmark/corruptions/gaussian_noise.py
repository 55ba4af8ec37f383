"""Electronic noise in low light."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images, drawn_values


def gaussian_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Add normal noise of standard deviation ``strength`` to every value of every channel by itself."""
    return images + drawn_values(
        generators, lambda generator, shape: generator.normal(scale=strength, size=shape), images
    )


CORRUPTIONS.register("gaussian_noise")(
    Corruption(
        name="gaussian_noise",
        title="Gaussian noise",
        meaning="standard deviation, white = 1",
        large=(0.08, 0.12, 0.18, 0.26, 0.38),
        small=(0.08, 0.12, 0.18, 0.26, 0.38),
        apply=gaussian_noise,
    )
)
