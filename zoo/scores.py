"""What is important: pure functions from weights (and gradients) to a score per weight; the highest stay.

Scores that need curvature are in ``zoo/second_order/``, those of posteriors in ``zoo/posterior/``.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Float64
from torch import Tensor

Scores = dict[str, Tensor]


def magnitude(weights: Mapping[str, Tensor]) -> Scores:
    """``|w|``."""
    return {name: weight.detach().abs() for name, weight in weights.items()}


def sensitivity(weights: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> Scores:
    """``|w · ∂L/∂w|``: how much the loss changes, to first order, when the weight leaves (SNIP, arXiv 1810.02340)."""
    return {name: (weight.detach() * gradients[name].detach()).abs() for name, weight in weights.items()}


def at_random(shapes: Mapping[str, tuple[int, ...]], generator: torch.Generator) -> Scores:
    """Uniform on [0, 1) in float64, where ties do not happen in practice."""
    return {name: torch.rand(shape, generator=generator, dtype=torch.float64) for name, shape in shapes.items()}


def layer_adaptive(scores: Mapping[str, Tensor]) -> Scores:
    """LAMP: the score's square as a share of the squares of its tensor that are not smaller.

    Ranked over all tensors together it gives the allocation of Lee et al. 2021 (arXiv 2010.07611, equation 4); the
    largest score of a tensor becomes 1, so that no tensor is ever emptied before all are down to one weight.
    """
    return {name: _share(score) for name, score in scores.items()}


def _share(score: Float[Tensor, "*shape"]) -> Float64[Tensor, "*shape"]:
    # Among equal scores the lower index counts as the larger one, as in zoo.masks.
    squares, order = torch.sort(score.detach().double().square().reshape(-1), descending=True, stable=True)
    shares = torch.empty_like(squares)
    shares[order] = squares / squares.cumsum(0).clamp_min(torch.finfo(torch.float64).tiny)
    return shares.reshape(score.shape)
