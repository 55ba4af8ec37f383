"""Over-exposure."""

import numpy as np

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images


def brightness(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Raise the value of hue, saturation and value by ``strength`` and keep the other two; grey images are added to."""
    value = images.max(axis=3, keepdims=True)
    raised = np.clip(value + strength, 0.0, 1.0)
    # A black pixel has no hue: it becomes grey.
    brighter: Images = np.where(value > 0, images * (raised / np.where(value > 0, value, 1.0)), raised)
    return brighter


CORRUPTIONS.register("brightness")(
    Corruption(
        name="brightness",
        title="Brightness",
        meaning="added to the HSV value, white = 1",
        large=(0.1, 0.2, 0.3, 0.4, 0.5),
        small=(0.1, 0.2, 0.3, 0.4, 0.5),
        apply=brightness,
    )
)
