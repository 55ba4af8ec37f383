"""The graininess of few photons."""

import numpy as np

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images, drawn


def shot_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Count photons: a Poisson draw whose mean is ``strength`` photons at white."""
    # NumPy draws on the CPU, image by image, channels last: a draw takes a number of steps that depends on its mean.
    expected = iter((images.permute(0, 2, 3, 1) * strength).cpu().numpy())
    photons = drawn(generators, lambda generator: np.asarray(generator.poisson(next(expected))), images)
    return photons.permute(0, 3, 1, 2) / strength


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
