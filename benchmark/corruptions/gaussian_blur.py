"""Gaussian blur."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._filters import blurred


def gaussian_blur(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Convolve rows and columns with a normal density of ``strength`` pixels; borders are repeated."""
    return blurred(images, strength)


CORRUPTIONS.register("gaussian_blur")(
    Corruption(
        name="gaussian_blur",
        title="Gaussian blur",
        meaning="standard deviation in pixels",
        large=(1.0, 2.0, 3.0, 4.0, 6.0),
        small=(0.4, 0.6, 0.8, 1.0, 1.4),
        apply=gaussian_blur,
    )
)
