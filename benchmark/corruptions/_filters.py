"""Filters that rows and columns pass one after the other, as matrices."""

from functools import cache

import numpy as np
import torch
from jaxtyping import Float64

from ._corruption import Images

TRUNCATE = 4.0
"""Standard deviations after which the kernel of a blur is cut."""


def blurred(images: Images, sigma: float) -> Images:
    """Convolved with a normal density of standard deviation ``sigma`` pixels; border pixels are repeated."""
    return both_ways(images, blur_matrix(images.shape[2], sigma), blur_matrix(images.shape[3], sigma))


def both_ways(images: Images, rows: Float64[np.ndarray, "h h"], columns: Float64[np.ndarray, "w w"]) -> Images:
    """``rows @ channel @ columns.T`` for every channel."""
    left = torch.tensor(rows, dtype=images.dtype, device=images.device)
    right = torch.tensor(columns, dtype=images.dtype, device=images.device)
    return left @ images @ right.T


@cache
def blur_matrix(size: int, sigma: float) -> Float64[np.ndarray, "size size"]:
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
