"""A picture on rubber."""

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._fields import soft_field
from ._sampling import pixel_places, sample


def elastic_transform(images: Images, strength: float, generators: Generators) -> Images:
    """Displace each pixel by a smooth random field, ``strength`` pixels in root mean square along each axis.

    Simard, Steinkraus and Platt 2003 (Best Practices for Convolutional Neural Networks, section 2).
    """
    rows, columns = pixel_places(images)
    smoothness = max(1.0, min(images.shape[2:]) / 16)
    down, right = (strength * soft_field(generators, images, smoothness)[:, 0] for _ in range(2))
    return sample(images, rows + down, columns + right)


CORRUPTIONS.register("elastic_transform")(
    Corruption(
        name="elastic_transform",
        title="Elastic transform",
        meaning="root mean square of the displacement in pixels",
        large=(1.5, 2.5, 3.5, 5.0, 7.0),
        small=(0.4, 0.6, 0.8, 1.1, 1.5),
        apply=elastic_transform,
    )
)
