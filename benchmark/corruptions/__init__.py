"""Corruptions in the manner of ImageNet-C, regenerated on any images: always named "C-like (regenerated)".

They are not ImageNet-C: that is a set of published JPEG files, and a score on regenerated images is no mCE. The
nineteen names are its names; the code and the strengths are our own. Every image has its own random generator, seeded
by SHA-256 of ``image_id|corruption|severity|seed``, so that the result depends neither on the order of the images nor
on how they are split into batches or workers. Arithmetic is float64 on the device of the images, so that a GPU makes
the same pictures up to a byte's rounding; random numbers are always drawn on the CPU.

>>> images = np.full((1, 8, 8, 1), 128, dtype=np.uint8)
>>> bool((corrupt(images, ["a"], "gaussian_noise", 1) == corrupt(images, ["a"], "gaussian_noise", 1)).all())
True
"""

from collections.abc import Sequence
from math import prod
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.core.plugins import Plugins

from ._corruption import SEVERITIES, Corruption, image_generator

SMALL_SIDE = 64
"""Images whose shorter side is below this many pixels take the small scale of a corruption."""

CHUNK_VALUES = 1 << 21
"""Values that are widened to float64 at a time."""

ROUNDING_GRID = 2.0**20
"""Half bytes are told from nearly half bytes on this grid, so that the order of a sum never decides a byte."""

CORRUPTIONS: Plugins[Corruption] = Plugins("corruption", package="benchmark.corruptions")

__all__ = ["CORRUPTIONS", "SEVERITIES", "Corruption", "corrupt", "image_generator"]

Pictures = TypeVar("Pictures", np.ndarray, Tensor)


def corrupt(images: Pictures, ids: Sequence[str], corruption: str, severity: int, seed: int = 0) -> Pictures:
    """``images`` (n, h, w, c; 0-255; one or three channels) under ``corruption`` at ``severity`` 1 to 5.

    An array gives an array; a tensor gives a tensor on the same device.

    Raises :class:`~zoo.core.errors.UsageError` for an unknown corruption (the nearest is suggested), a severity out of
    range, images that are no bytes of one or three channels, or ids that are not one an image.
    """
    entry = CORRUPTIONS[corruption]
    if severity not in SEVERITIES:
        raise UsageError(f"Expected a severity from 1 to 5, got {severity}.")
    if len(ids) != len(images):
        raise UsageError(f"Expected one id an image, got {len(ids)} for {len(images)} images.")
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype not in (np.uint8, torch.uint8):
        raise UsageError(
            f"Expected bytes (uint8) of shape n x h x w x 1 or 3, got {images.dtype} of shape {tuple(images.shape)}.",
            "Convert to RGB or grey, channels last.",
        )
    if isinstance(images, np.ndarray):
        return _corrupt(torch.tensor(images), ids, entry, severity, seed).numpy()
    return _corrupt(images, ids, entry, severity, seed)


def _corrupt(
    images: UInt8[Tensor, "n h w c"], ids: Sequence[str], entry: Corruption, severity: int, seed: int
) -> UInt8[Tensor, "n h w c"]:
    scale = entry.small if min(images.shape[1:3]) < SMALL_SIDE else entry.large
    result = torch.empty_like(images)
    step = max(1, CHUNK_VALUES // max(1, prod(images.shape[1:])))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        generators = [image_generator(image_id, entry.name, severity, seed) for image_id in ids[part]]
        pictures = images[part].permute(0, 3, 1, 2).double() / 255.0
        changed = entry.apply(pictures, scale[severity - 1], generators).clamp(0.0, 1.0) * 255.0
        result[part] = ((changed * ROUNDING_GRID).round() / ROUNDING_GRID).round().byte().permute(0, 2, 3, 1)
    return result
