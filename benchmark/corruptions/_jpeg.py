"""Baseline JPEG without its lossless half: what the quantiser throws away, on any device.

ITU-T T.81 (1992): 8 x 8 cosine transform (A.3.3), quantisation (A.3.4) by the tables of annex K.1. The scale of
qualities is the Independent JPEG Group's, colours are JFIF's YCbCr, halved in both directions and read back by
triangles.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from ._corruption import Images

SIDE = 8

LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99, 99, 99, 99, 99, 99, 99, 99),) * 4,
)
TO_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)

Coefficients = Float64[Tensor, "n 1 rows columns"]
"""One plane's quantised coefficients (whole numbers), block beside block."""


def encoded(images: Images, quality: int) -> list[Tensor]:
    """The coefficients of each plane of ``images`` (values 0 to 255; grey, or red, green and blue)."""
    if images.shape[1] == 1:
        return [_quantised(images, table(LUMINANCE, quality))]
    light, *colours = torch.split(_half_up(_mixed(images, TO_YCBCR)), 1, dim=1)
    halved = [_halved(colour) + 128.0 for colour in colours]
    return [
        _quantised(light, table(LUMINANCE, quality)),
        *(_quantised(colour, table(CHROMINANCE, quality)) for colour in halved),
    ]


def decoded(planes: Sequence[Tensor], quality: int, height: int, width: int) -> Images:
    """The images of that size, values 0 to 255, not rounded; ``planes`` are those of :func:`encoded`."""
    light = _pixels(planes[0], table(LUMINANCE, quality))[:, :, :height, :width]
    if len(planes) == 1:
        return light
    half = (-(-height // 2), -(-width // 2))
    colours = [
        _doubled(_pixels(plane, table(CHROMINANCE, quality))[:, :, : half[0], : half[1]])[:, :, :height, :width] - 128.0
        for plane in planes[1:]
    ]
    return _mixed(torch.cat([light, *colours], dim=1), np.linalg.inv(TO_YCBCR).tolist())


@cache
def table(base: tuple[tuple[int, ...], ...], quality: int) -> Float64[np.ndarray, "8 8"]:
    """The steps of the quantiser at ``quality`` 1 to 100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps: Float64[np.ndarray, "8 8"] = np.clip((np.array(base) * scale + 50) // 100, 1, 255).astype(np.float64)
    return steps


@cache
def cosines() -> Float64[np.ndarray, "8 8"]:
    """The orthonormal cosine transform of a line of 8, as a matrix."""
    place = np.arange(SIDE)
    matrix = np.cos(np.pi * (2 * place + 1) * place[:, None] / (2 * SIDE)) / 2
    matrix[0] /= np.sqrt(2)
    return matrix


def _quantised(plane: Float64[Tensor, "n 1 h w"], steps: Float64[np.ndarray, "8 8"]) -> Coefficients:
    plane = _to_multiple(plane, SIDE) - 128.0
    blocks, transform = _blocks(plane), torch.tensor(cosines(), device=plane.device)
    found = transform @ blocks @ transform.T / torch.tensor(steps, device=plane.device)
    return _planes(found.sign() * _half_up(found.abs()))


def _pixels(plane: Coefficients, steps: Float64[np.ndarray, "8 8"]) -> Float64[Tensor, "n 1 h w"]:
    transform = torch.tensor(cosines(), device=plane.device)
    blocks = transform.T @ (_blocks(plane) * torch.tensor(steps, device=plane.device)) @ transform
    return (_planes(blocks) + 128.0).round().clamp(0.0, 255.0)


def _half_up(values: Float64[Tensor, "n c h w"] | Float64[Tensor, "n rows columns 8 8"]) -> Tensor:
    """Rounded to whole numbers, halves upwards but for the noise of a sum."""
    return (values + (0.5 + 1e-9)).floor()


def _blocks(plane: Float64[Tensor, "n 1 h w"]) -> Float64[Tensor, "n rows columns 8 8"]:
    n, _, height, width = plane.shape
    return plane.reshape(n, height // SIDE, SIDE, width // SIDE, SIDE).transpose(2, 3)


def _planes(blocks: Float64[Tensor, "n rows columns 8 8"]) -> Float64[Tensor, "n 1 h w"]:
    n, rows, columns = blocks.shape[:3]
    return blocks.transpose(2, 3).reshape(n, 1, rows * SIDE, columns * SIDE)


def _to_multiple(plane: Float64[Tensor, "n 1 h w"], of: int) -> Float64[Tensor, "n 1 h2 w2"]:
    """Border pixels repeated until both sides are multiples."""
    return pad(plane, (0, -plane.shape[3] % of, 0, -plane.shape[2] % of), mode="replicate")


def _halved(plane: Float64[Tensor, "n 1 h w"]) -> Float64[Tensor, "n 1 h2 w2"]:
    """Means of squares of four, their quarters rounded down and up by turns, so that no plane grows brighter."""
    sums = 4 * avg_pool2d(_to_multiple(plane, 2), 2)
    bias = 1 + torch.arange(sums.shape[3], dtype=plane.dtype, device=plane.device) % 2
    return ((sums + bias) / 4).floor()


def _doubled(plane: Float64[Tensor, "n 1 h w"]) -> Float64[Tensor, "n 1 h2 w2"]:
    """Twice the size in both directions: each pixel three quarters of the nearest and one of the next."""
    for dim in (2, 3):
        size = plane.shape[dim]
        place = torch.arange(size, device=plane.device)
        before = plane.index_select(dim, (place - 1).clamp(min=0))
        after = plane.index_select(dim, (place + 1).clamp(max=size - 1))
        pair = torch.stack([0.75 * plane + 0.25 * before, 0.75 * plane + 0.25 * after], dim=dim + 1)
        plane = pair.flatten(dim, dim + 1)
    return plane


def _mixed(images: Images, matrix: Sequence[Sequence[float]]) -> Images:
    weights = torch.tensor(matrix, dtype=images.dtype, device=images.device)
    return torch.einsum("ij,njhw->nihw", weights, images)
