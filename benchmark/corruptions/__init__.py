"""Corruptions in the manner of ImageNet-C, regenerated on any images: always named "C-like (regenerated)".

They are not ImageNet-C: that is a set of published JPEG files, and a score on regenerated images is no mCE. Every image
has its own random generator, seeded by SHA-256 of ``image_id|corruption|severity|seed``, so that the result depends
neither on the order of the images nor on how they are split into batches or workers.

>>> images = np.full((1, 8, 8, 1), 128, dtype=np.uint8)
>>> bool((corrupt(images, ["a"], "gaussian_noise", 1) == corrupt(images, ["a"], "gaussian_noise", 1)).all())
True
"""

from collections.abc import Sequence
from math import prod

import numpy as np
from jaxtyping import UInt8

from zoo.core.errors import UsageError
from zoo.core.plugins import Plugins

from ._corruption import SEVERITIES, Corruption, image_generator

SMALL_SIDE = 64
"""Images whose shorter side is below this many pixels take the small scale of a corruption."""

CHUNK_VALUES = 1 << 20
"""Values that are widened to float64 at a time."""

CORRUPTIONS: Plugins[Corruption] = Plugins("corruption", package="benchmark.corruptions")

__all__ = ["CORRUPTIONS", "SEVERITIES", "Corruption", "corrupt", "image_generator"]


def corrupt(
    images: UInt8[np.ndarray, "n h w c"], ids: Sequence[str], corruption: str, severity: int, seed: int = 0
) -> UInt8[np.ndarray, "n h w c"]:
    """``images`` (0-255, one or three channels) under ``corruption`` at ``severity`` 1 to 5.

    Raises :class:`~zoo.core.errors.UsageError` for an unknown corruption (the nearest is suggested), a severity out of
    range, or ids that are not one an image.
    """
    entry = CORRUPTIONS[corruption]
    if severity not in SEVERITIES:
        raise UsageError(f"Expected a severity from 1 to 5, got {severity}.")
    if len(ids) != len(images):
        raise UsageError(f"Expected one id an image, got {len(ids)} for {len(images)} images.")
    scale = entry.small if min(images.shape[1:3]) < SMALL_SIDE else entry.large
    strength = scale[severity - 1]
    result = np.empty_like(images)
    step = max(1, CHUNK_VALUES // max(1, prod(images.shape[1:])))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        generators = [image_generator(image_id, corruption, severity, seed) for image_id in ids[part]]
        changed = entry.apply(images[part] / 255.0, strength, generators)
        result[part] = np.rint(np.clip(changed, 0.0, 1.0) * 255.0)
    return result
