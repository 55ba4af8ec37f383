"""Random fields: pictures of nothing, from which weather is made."""

from math import ceil, pi

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ._corruption import Generators, Images, drawn
from ._sampling import pixel_places, sample

Field = Float64[Tensor, "n 1 h w"]


def white_field(generators: Generators, like: Images) -> Field:
    """Standard normal values, independent of each other."""
    return drawn(generators, lambda generator: generator.normal(size=(1, *like.shape[2:])), like)


def fractal_field(generators: Generators, like: Images, exponent: float) -> Field:
    """A field whose power falls as frequency to the minus ``exponent``, spread over [0, 1].

    Spectral synthesis (Peitgen and Saupe 1988, The Science of Fractal Images, chapter 2).
    """
    frequency = _frequencies(like)
    gain = torch.where(frequency > 0, frequency.clamp(min=1e-12).pow(-exponent / 2), 0.0)
    return spread(_filtered(white_field(generators, like), gain))


def soft_field(generators: Generators, like: Images, sigma: float) -> Field:
    """White noise blurred over ``sigma`` pixels, moved to mean 0 and standard deviation 1 of each image."""
    gain = torch.exp(-2 * (pi * sigma * _frequencies(like)) ** 2)
    field = _filtered(white_field(generators, like), gain)
    centred = field - field.mean(dim=(2, 3), keepdim=True)
    return centred / centred.std(dim=(2, 3), keepdim=True, correction=0).clamp(min=1e-12)


def _filtered(noise: Field, gain: Float64[Tensor, "h half"]) -> Field:
    """``noise`` with each frequency multiplied by ``gain``; periodic, so that no place in the picture is special."""
    field: Field = torch.fft.irfft2(torch.fft.rfft2(noise) * gain, s=tuple(noise.shape[2:]))
    return field


def _frequencies(like: Images) -> Float64[Tensor, "h half"]:
    """The length of each frequency of a picture, in cycles a pixel."""
    height, width = like.shape[2:]
    rows = torch.fft.fftfreq(height, dtype=like.dtype, device=like.device)
    columns = torch.fft.rfftfreq(width, dtype=like.dtype, device=like.device)
    return torch.hypot(rows[:, None], columns)


def spread(field: Field) -> Field:
    """Moved and scaled so that each image reaches from 0 to 1; a flat one becomes 0."""
    low, high = field.amin(dim=(2, 3), keepdim=True), field.amax(dim=(2, 3), keepdim=True)
    return (field - low) / (high - low).clamp(min=1e-12)


def random_angles(generators: Generators, like: Images) -> Float64[Tensor, "n 1 1"]:
    """A direction for each image, in [0, pi)."""
    return drawn(generators, lambda generator: np.asarray(generator.uniform(0.0, pi)), like).reshape(-1, 1, 1)


def streaked(images: Images, length: float, angles: Float64[Tensor, "n 1 1"]) -> Images:
    """The mean of ``images`` along a line of ``length`` pixels through each pixel, read at least once a pixel."""
    rows, columns = pixel_places(images)
    steps = torch.linspace(-length / 2, length / 2, 2 * ceil(length / 2) + 1, dtype=images.dtype).tolist()
    down, right = angles.sin(), angles.cos()
    total = torch.zeros_like(images)
    for step in steps:
        total += sample(images, rows + step * down, columns + step * right)
    return total / len(steps)
