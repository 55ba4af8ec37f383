"""Random crops and mirror images for training, drawn for each image from (seed, epoch, image) and nothing else."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8
from torch import Tensor

from ..checkpoint.config import Preprocessing
from ..core.errors import UsageError
from ._preprocess import resize, standardise, to_tensor

ATTEMPTS = 10
"""How often a crop is drawn before the centre is taken; torchvision's number."""

_DRAWS = 2 * ATTEMPTS + 3


@dataclass(frozen=True)
class Augmentation:
    """The usual training transform of ImageNet (Szegedy et al. 2015, arXiv 1409.4842), as torchvision draws it.

    A crop of ``scale`` (least and largest fraction of the image's area) and ``ratio`` (width over height, uniform in
    its logarithm) is resized to the network's input, and mirrored with probability ``flip``.
    """

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5

    def __post_init__(self) -> None:
        for name, (low, high) in (("scale", self.scale), ("ratio", self.ratio)):
            if not 0 < low <= high or (name == "scale" and high > 1):
                raise UsageError(f"{name} must be from low to high above 0, got {low} and {high}.")
        if not 0 <= self.flip <= 1:
            raise UsageError(f"The probability of a mirror image must be from 0 to 1, got {self.flip}.")


class Box(NamedTuple):
    """A part of an image in pixels."""

    top: int
    left: int
    height: int
    width: int


def augment(
    image: UInt8[np.ndarray, "h w c"],
    preprocessing: Preprocessing,
    augmentation: Augmentation,
    u: Float64[np.ndarray, " k"],
) -> Float32[Tensor, "c h2 w2"]:
    """One image as the network is fed in training, by its :func:`draws`.

    Raises :class:`~zoo.errors.DataMismatchError` where the number of channels differs.
    """
    box = crop_box(image.shape[0], image.shape[1], augmentation, u)
    part = image[None, box.top : box.top + box.height, box.left : box.left + box.width]
    _, height, width = preprocessing.input_size
    x = standardise(resize(to_tensor(part, preprocessing), (height, width), preprocessing.interpolation), preprocessing)
    return x[0].flip(2) if u[-1] < augmentation.flip else x[0]


def crop_box(height: int, width: int, augmentation: Augmentation, u: Float64[np.ndarray, " k"]) -> Box:
    """A box whose area and shape are drawn; after ten boxes that stick out, the largest allowed one in the centre."""
    least, most = augmentation.scale
    low, high = (math.log(value) for value in augmentation.ratio)
    for attempt in range(ATTEMPTS):
        area = height * width * (least + u[2 * attempt] * (most - least))
        ratio = math.exp(low + u[2 * attempt + 1] * (high - low))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return Box(int(u[-3] * (height - h + 1)), int(u[-2] * (width - w + 1)), h, w)
    ratio = min(max(width / height, augmentation.ratio[0]), augmentation.ratio[1])
    h, w = min(height, round(width / ratio)), min(width, round(height * ratio))
    return Box((height - h) // 2, (width - w) // 2, h, w)


def draws(seed: int, epoch: int, image: int) -> Float64[np.ndarray, " k"]:
    """All random numbers that one image takes in one epoch: uniform in [0, 1), from Philox by (seed, epoch, image).

    Raw outputs of a counter-based generator (Salmon et al. 2011, doi:10.1145/2063384.2063405): its definition fixes
    their values, not a version of numpy, and no state is handed from image to image.
    """
    raw = np.random.Philox(key=[seed, 1], counter=[0, 0, image, epoch]).random_raw(_DRAWS)
    return (raw >> np.uint64(11)) * 2.0**-53


def shuffled(n: int, seed: int, epoch: int) -> Int64[np.ndarray, " n"]:
    """A permutation of n positions drawn from (seed, epoch): the order of n raw outputs of Philox."""
    raw = np.random.Philox(key=[seed, 0], counter=[0, 0, 0, epoch]).random_raw(n)
    return np.argsort(raw, kind="stable")
