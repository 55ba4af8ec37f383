"""What a corruption is."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

SEVERITIES = (1, 2, 3, 4, 5)

Images = Float64[Tensor, "n c h w"]
"""Images of one size, values in [0, 1]."""

Generators = Sequence[np.random.Generator]
"""One random generator an image."""


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """``apply(images, strength, generators)`` changes a batch; the result is clipped to [0, 1] and rounded to bytes.

    An image may change by its own pixels and its own generator only: the conformance suite compares batches.

    ``large`` and ``small`` are the strengths of severities 1 to 5 for images from 64 pixels up and below.
    ``of_colour``: a grey image has nothing that it could change.
    """

    name: str
    title: str
    meaning: str  # what a strength is
    large: tuple[float, float, float, float, float]
    small: tuple[float, float, float, float, float]
    apply: Callable[[Images, float, Generators], Images]
    of_colour: bool = False


def image_generator(image_id: str, corruption: str, severity: int, seed: int) -> np.random.Generator:
    """The random generator of one image under one corruption.

    Not Python's ``hash``, which differs from process to process, and no generator that images share.
    """
    digest = hashlib.sha256(f"{image_id}|{corruption}|{severity}|{seed}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def drawn(
    generators: Generators, draw: Callable[[np.random.Generator], np.ndarray], like: Images
) -> Float64[Tensor, "n ..."]:
    """One draw an image, on the device of ``like``."""
    return torch.tensor(np.stack([draw(generator) for generator in generators]), dtype=like.dtype, device=like.device)


def drawn_values(
    generators: Generators, draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray], like: Images
) -> Images:
    """A draw for every value of every image; ``draw`` is given the shape, channels last."""
    _, channels, height, width = like.shape
    return drawn(generators, lambda generator: draw(generator, (height, width, channels)), like).permute(0, 3, 1, 2)
