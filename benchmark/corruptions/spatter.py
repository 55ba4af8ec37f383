"""Mud on the lens."""

import torch
from jaxtyping import Float64
from torch import Tensor

from . import CORRUPTIONS
from ._corruption import Corruption, Generators, Images
from ._fields import soft_field

MUD = (0.25, 0.17, 0.08)
"""The colour of mud in red, green and blue; a grey picture takes the mean."""

EDGE = 8.0
"""How steeply a drop's edge rises, in standard deviations of the field to one."""


def spatter(images: Images, strength: float, generators: Generators) -> Images:
    """Cover a share ``strength`` of the picture with drops, the peaks of a soft random field."""
    colour = torch.tensor(MUD, dtype=images.dtype, device=images.device).reshape(1, 3, 1, 1)
    if images.shape[1] == 1:
        colour = colour.mean(dim=1, keepdim=True)
    field = soft_field(generators, images, max(0.8, min(images.shape[2:]) / 60))
    covered = ((field - level(field, strength)) * EDGE + 0.5).clamp(0.0, 1.0)
    return images * (1.0 - covered) + colour * covered


def level(field: Float64[Tensor, "n 1 h w"], share: float) -> Float64[Tensor, "n 1 1 1"]:
    """The height above which a ``share`` of each field lies."""
    return torch.quantile(field.flatten(1), 1.0 - share, dim=1).reshape(-1, 1, 1, 1)


CORRUPTIONS.register("spatter")(
    Corruption(
        name="spatter",
        title="Spatter",
        meaning="share of the view that is splashed",
        large=(0.06, 0.1, 0.16, 0.24, 0.34),
        small=(0.06, 0.12, 0.2, 0.3, 0.42),
        apply=spatter,
    )
)
