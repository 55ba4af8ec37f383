"""From images to what a network is fed."""

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from ..checkpoint.config import Preprocessing
from ..errors import DataMismatchError
from ._images import Images


def preprocess(images: Images, preprocessing: Preprocessing) -> Float32[Tensor, "n c h2 w2"]:
    """Resize the shorter side, crop the centre, scale to [0, 1], standardise each channel.

    An array "n h w c" is turned at once, images of different sizes one by one. Sizes and corners are rounded as
    torchvision's ``Resize`` and ``CenterCrop`` do: another pixel is another number.

    Raises :class:`DataMismatchError` where the number of channels differs.
    """
    if not isinstance(images, np.ndarray):
        return torch.cat([preprocess(images[index][None], preprocessing) for index in range(len(images))])
    _, height, width = preprocessing.input_size
    x = to_tensor(images, preprocessing)
    shorter = int(min(height, width) / preprocessing.crop_fraction)
    h, w = x.shape[2:]
    x = resize(x, (shorter * h // min(h, w), shorter * w // min(h, w)), preprocessing.interpolation)
    return standardise(_centre(x, height, width), preprocessing).contiguous()


def to_tensor(images: UInt8[np.ndarray, "n h w c"], preprocessing: Preprocessing) -> Float32[Tensor, "n c h w"]:
    """Channels first, in [0, 1]; raises :class:`DataMismatchError` where the number of channels differs."""
    channels = preprocessing.input_size[0]
    if images.shape[3] != channels:
        raise DataMismatchError(
            f"The network takes images of {channels} channels, these have {images.shape[3]}.",
            "Choose data or an architecture that fit each other: prunarium zoo architectures",
        )
    # Contiguous while it is bytes: resizing planes is a third faster than resizing pixels, in the same bits.
    return torch.tensor(images).permute(0, 3, 1, 2).contiguous().to(torch.float32) / 255.0


def resize(x: Float32[Tensor, "n c h w"], size: tuple[int, int], interpolation: str) -> Float32[Tensor, "n c h2 w2"]:
    """To (height, width) in pixels, smoothed where it shrinks, as Pillow does; in [0, 1]."""
    if size == tuple(x.shape[2:]):
        return x
    smooth = interpolation != "nearest"
    resized = interpolate(x, size, mode=interpolation, align_corners=False if smooth else None, antialias=smooth)
    return resized.clamp(0.0, 1.0)


def standardise(x: Float32[Tensor, "n c h w"], preprocessing: Preprocessing) -> Float32[Tensor, "n c h w"]:
    """(x - mean) / std for each channel."""
    mean = torch.tensor(preprocessing.mean).reshape(1, -1, 1, 1)
    std = torch.tensor(preprocessing.std).reshape(1, -1, 1, 1)
    return (x - mean) / std


def _centre(x: Float32[Tensor, "n c h w"], height: int, width: int) -> Float32[Tensor, "n c h2 w2"]:
    top, left = round((x.shape[2] - height) / 2), round((x.shape[3] - width) / 2)
    return x[:, :, top : top + height, left : left + width]
