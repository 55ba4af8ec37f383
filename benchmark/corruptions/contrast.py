"""Loss of contrast."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images


def contrast(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """Shrink every channel towards its mean; a share ``strength`` of the contrast is left."""
    mean = images.mean(dim=(2, 3), keepdim=True)
    return (images - mean) * strength + mean


CORRUPTIONS.register("contrast")(
    Corruption(
        name="contrast",
        title="Contrast",
        meaning="share of the contrast that is left",
        large=(0.4, 0.3, 0.2, 0.1, 0.05),
        small=(0.75, 0.5, 0.4, 0.3, 0.15),
        apply=contrast,
    )
)
