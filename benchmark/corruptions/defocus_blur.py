"""A lens out of focus."""

from functools import cache
from math import ceil

import numpy as np
import torch
from jaxtyping import Float64
from torch.nn.functional import conv2d, pad

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images

FINE = 16
"""Points a side, in each pixel, at which the disk is looked at."""


def defocus_blur(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Convolve with a disk of radius ``strength`` pixels, the picture of a point of light; borders are repeated."""
    kernel = torch.tensor(disk(strength), dtype=images.dtype, device=images.device)
    reach, channels = kernel.shape[0] // 2, images.shape[1]
    wider = pad(images, (reach, reach, reach, reach), mode="replicate")
    return conv2d(wider, kernel.expand(channels, 1, *kernel.shape), groups=channels)


@cache
def disk(radius: float) -> Float64[np.ndarray, "side side"]:
    """The share of each pixel that a centred disk covers, divided by their sum."""
    reach = ceil(radius - 0.5)
    points = (np.arange((2 * reach + 1) * FINE) + 0.5) / FINE - reach - 0.5
    inside = (points[:, None] ** 2 + points**2 <= radius**2).astype(np.float64)
    covered = inside.reshape(2 * reach + 1, FINE, 2 * reach + 1, FINE).mean(axis=(1, 3))
    kernel: Float64[np.ndarray, "side side"] = covered / covered.sum()
    kernel.flags.writeable = False
    return kernel


CORRUPTIONS.register("defocus_blur")(
    Corruption(
        name="defocus_blur",
        title="Defocus blur",
        meaning="radius of the disk in pixels",
        large=(2.0, 3.0, 4.5, 6.0, 8.0),
        small=(0.9, 1.2, 1.6, 2.0, 2.6),
        apply=defocus_blur,
    )
)
