"""Gaussian blur."""

from functools import cache

import numpy as np
from jaxtyping import Float

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images

TRUNCATE = 4.0
"""Standard deviations after which the kernel is cut."""


def gaussian_blur(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Convolve rows and columns with a normal density of ``strength`` pixels; borders are repeated."""
    rows, columns = blur_matrix(images.shape[1], strength), blur_matrix(images.shape[2], strength)
    blurred: Images = np.einsum("ih,nhwc,jw->nijc", rows, images, columns, optimize=True)
    return blurred


@cache
def blur_matrix(size: int, sigma: float) -> Float[np.ndarray, "size size"]:
    """The convolution of a line of ``size`` pixels as a matrix, whose rows sum to one."""
    reach = int(TRUNCATE * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    matrix = np.zeros((size, size))
    for offset, weight in zip(offsets, weights, strict=True):
        np.add.at(matrix, (np.arange(size), np.clip(np.arange(size) + offset, 0, size - 1)), weight)
    matrix.flags.writeable = False
    return matrix


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
