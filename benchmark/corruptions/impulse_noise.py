"""Salt and pepper: dead and stuck sensors."""

import torch

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images, drawn_values


def impulse_noise(images: Images, strength: float, generators: Generators) -> Images:
    """Replace a share ``strength`` of the values by black or white, equally often."""
    draws = drawn_values(generators, lambda generator, shape: generator.random(shape), images)
    return torch.where(draws < strength, (draws < strength / 2).to(images.dtype), images)


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
