"""Pictures read between their pixels."""

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn.functional import grid_sample

from ._corruption import Images

Places = Float64[Tensor, "n h w"]
"""A coordinate, in pixels, for every pixel of every image."""


def pixel_places(images: Images) -> tuple[Places, Places]:
    """The row and the column of every pixel."""
    n, _, height, width = images.shape
    rows = torch.arange(height, dtype=images.dtype, device=images.device).reshape(1, height, 1)
    columns = torch.arange(width, dtype=images.dtype, device=images.device).reshape(1, 1, width)
    return rows.expand(n, height, width), columns.expand(n, height, width)


def sample(images: Images, rows: Places, columns: Places) -> Images:
    """What ``images`` show at those places, by bilinear interpolation; beyond the border its pixels go on."""
    height, width = images.shape[2:]
    places = torch.stack(
        [2 * columns / max(1, width - 1) - 1, 2 * rows / max(1, height - 1) - 1],
        dim=-1,
    )
    return grid_sample(images, places, mode="bilinear", padding_mode="border", align_corners=True)
