"""From images to what a network is fed."""

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from ..checkpoint.config import Preprocessing
from ..errors import DataMismatchError


def preprocess(images: UInt8[np.ndarray, "n h w c"], preprocessing: Preprocessing) -> Float32[Tensor, "n c h2 w2"]:
    """Resize the shorter side, crop the centre, scale to [0, 1], standardise each channel.

    Sizes and corners are rounded as torchvision's ``Resize`` and ``CenterCrop`` do: another pixel is another number.

    Raises :class:`DataMismatchError` where the number of channels differs.
    """
    channels, height, width = preprocessing.input_size
    if images.shape[3] != channels:
        raise DataMismatchError(
            f"The network takes images of {channels} channels, these have {images.shape[3]}.",
            "Choose data or an architecture that fit each other: prunarium zoo architectures",
        )
    x = torch.tensor(images).permute(0, 3, 1, 2).to(torch.float32) / 255.0
    x = _centre(_resized(x, preprocessing), height, width)
    mean = torch.tensor(preprocessing.mean).reshape(1, channels, 1, 1)
    std = torch.tensor(preprocessing.std).reshape(1, channels, 1, 1)
    return ((x - mean) / std).contiguous()


def _resized(x: Float32[Tensor, "n c h w"], preprocessing: Preprocessing) -> Float32[Tensor, "n c h2 w2"]:
    shorter = int(min(preprocessing.input_size[1:]) / preprocessing.crop_fraction)
    height, width = x.shape[2:]
    size = (shorter * height // min(height, width), shorter * width // min(height, width))
    if size == (height, width):
        return x
    smooth = preprocessing.interpolation != "nearest"
    resized = interpolate(
        x, size, mode=preprocessing.interpolation, align_corners=False if smooth else None, antialias=smooth
    )
    return resized.clamp(0.0, 1.0)


def _centre(x: Float32[Tensor, "n c h w"], height: int, width: int) -> Float32[Tensor, "n c h2 w2"]:
    top, left = round((x.shape[2] - height) / 2), round((x.shape[3] - width) / 2)
    return x[:, :, top : top + height, left : left + width]
