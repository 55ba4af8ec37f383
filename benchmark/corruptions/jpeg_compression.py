"""The artefacts of strong JPEG compression."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._jpeg import decoded, encoded


def jpeg_compression(images: Images, strength: float, generators: Generators) -> Images:  # noqa: ARG001
    """What is left after baseline JPEG of quality ``strength``, colours at half resolution (4:2:0)."""
    height, width = images.shape[2:]
    return decoded(encoded(images * 255.0, round(strength)), round(strength), height, width) / 255.0


CORRUPTIONS.register("jpeg_compression")(
    Corruption(
        name="jpeg_compression",
        title="JPEG compression",
        meaning="quality of the Independent JPEG Group's scale",
        large=(25.0, 18.0, 13.0, 9.0, 6.0),
        small=(25.0, 18.0, 13.0, 9.0, 6.0),
        apply=jpeg_compression,
    )
)
