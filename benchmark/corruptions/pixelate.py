"""Loss of resolution."""

from functools import cache

import numpy as np
from jaxtyping import Float64

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._filters import both_ways


def pixelate(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Average onto a grid of ``strength`` times as many pixels a side, then spread the cells over the old pixels."""
    rows, columns = pixelate_matrix(images.shape[2], strength), pixelate_matrix(images.shape[3], strength)
    return both_ways(images, rows, columns)


@cache
def pixelate_matrix(size: int, share: float) -> Float64[np.ndarray, "size size"]:
    """Area averages of a line of ``size`` pixels, down to round(share x size) cells and up again.

    Area averages both ways, because nearest neighbours shift the picture by up to half a cell where the sizes do not
    divide: at 8 pixels that hurts more at severity 2 than at 3.
    """
    cells = max(1, round(share * size))
    edges = np.arange(cells + 1) * (size / cells)
    pixel = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    shared = np.clip(overlap, 0.0, None)  # cells x pixels, the length that each pair has in common
    matrix: Float64[np.ndarray, "size size"] = shared.T @ shared * (cells / size)
    matrix.flags.writeable = False
    return matrix


CORRUPTIONS.register("pixelate")(
    Corruption(
        name="pixelate",
        title="Pixelation",
        meaning="share of the pixels a side that is left",
        large=(0.6, 0.45, 0.35, 0.25, 0.15),
        small=(0.875, 0.75, 0.625, 0.5, 0.375),
        apply=pixelate,
    )
)
