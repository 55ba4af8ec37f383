"""Gaussian, shot and impulse noise: every value of every channel by itself."""

import numpy as np

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images


def gaussian_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Add normal noise of standard deviation ``strength``."""
    return images + np.stack([generator.normal(scale=strength, size=images.shape[1:]) for generator in generators])


def shot_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Count photons: a Poisson draw whose mean is ``strength`` photons at white."""
    photons = [generator.poisson(image * strength) for image, generator in zip(images, generators, strict=True)]
    return np.stack(photons) / strength


def impulse_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Replace a share ``strength`` of the values by black or white, equally often."""
    draws = np.stack([generator.random(images.shape[1:]) for generator in generators])
    return np.where(draws < strength, (draws < strength / 2).astype(np.float64), images)


CORRUPTIONS.register("gaussian_noise")(
    Corruption(
        name="gaussian_noise",
        title="Gaussian noise",
        meaning="standard deviation, white = 1",
        large=(0.08, 0.12, 0.18, 0.26, 0.38),
        small=(0.08, 0.12, 0.18, 0.26, 0.38),
        apply=gaussian_noise,
    )
)
CORRUPTIONS.register("shot_noise")(
    Corruption(
        name="shot_noise",
        title="Shot noise",
        meaning="photons at white",
        large=(60.0, 25.0, 12.0, 5.0, 3.0),
        small=(60.0, 25.0, 12.0, 5.0, 3.0),
        apply=shot_noise,
    )
)
CORRUPTIONS.register("impulse_noise")(
    Corruption(
        name="impulse_noise",
        title="Impulse noise",
        meaning="share of values replaced",
        large=(0.03, 0.06, 0.09, 0.17, 0.27),
        small=(0.03, 0.06, 0.09, 0.17, 0.27),
        apply=impulse_noise,
    )
)
