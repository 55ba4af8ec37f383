"""Pictures to be corrupted: real digits, and large soft shapes without a random number."""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmark.corruptions import corrupt
from zoo.data import in_memory, load_data

Bytes = npt.NDArray[np.uint8]
LARGE = 96


@cache
def pictures(channels: int = 3) -> Bytes:
    """Six large pictures of soft shapes."""
    y, x = np.mgrid[0:LARGE, 0:LARGE] / LARGE
    waves = [
        0.5 + 0.45 * np.sin(2 * np.pi * ((1 + n) * x + c * y)) * np.cos(3 * y * (n + 1))
        for n in range(6)
        for c in range(channels)
    ]
    stack = np.array(waves).reshape(6, channels, LARGE, LARGE).transpose(0, 2, 3, 1)
    images: Bytes = np.rint(stack * 255).astype(np.uint8)
    return images


def digits() -> Bytes:
    return in_memory(load_data("digits:0-4").splits["validation"].images)


def ids_of(images: Bytes) -> list[str]:
    return [f"image-{index}" for index in range(len(images))]


@cache
def corrupted(images: Callable[[], Bytes], name: str, severity: int) -> Bytes:
    """Those pictures under a corruption, made once for all tests."""
    return corrupt(images(), ids_of(images()), name, severity)


def mean_change(images: Callable[[], Bytes], name: str, severity: int) -> float:
    """The mean absolute change of a byte."""
    return float(np.abs(corrupted(images, name, severity).astype(np.float64) - images()).mean())


def grey(side: int, value: int) -> Bytes:
    """One flat grey picture."""
    return np.full((1, side, side, 1), value, dtype=np.uint8)


def point(side: int) -> Bytes:
    """A white pixel in the middle of a black picture."""
    images = np.zeros((1, side, side, 1), dtype=np.uint8)
    images[0, side // 2, side // 2] = 255
    return images
