"""Mean and variance of iterates that pass by one at a time."""

import torch
from jaxtyping import Float
from torch import Tensor

SMALLEST_VARIANCE = 1e-30
"""As in the authors' code of SWAG: iterates that do not move have a variance of this, not 0."""


@torch.no_grad()
def include(
    value: Float[Tensor, "*shape"], count: int, mean: Float[Tensor, "*shape"], squares: Float[Tensor, "*shape"]
) -> None:
    """Take in the ``count``-th value (from 1): ``mean`` and the sum of squared distances from it, in place.

    By Welford's update. The difference of the mean of squares and the squared mean, which SWAG's authors keep, has no
    digits left where a deviation is a thousandth of its weight.
    """
    before = value - mean
    mean += before / count
    squares += before * (value - mean)


def deviation(squares: Float[Tensor, "*shape"], count: int) -> Float[Tensor, "*shape"]:
    """The root of the mean squared distance; of one value, next to 0."""
    return (squares / count).clamp_min(SMALLEST_VARIANCE).sqrt()
