"""Hard concrete gates: random numbers in [0, 1], often 0 or 1 exactly, and differentiable all the same.

With u uniform, s = σ((log u - log(1 - u) + log α) / β) is stretched and clipped: z = clip(s (ζ - γ) + γ, 0, 1).

Source: Louizos, Welling and Kingma 2018, Learning Sparse Neural Networks through L0 Regularization (arXiv 1712.01312).
"""

from math import log

import torch
from jaxtyping import Bool, Float
from torch import Tensor

BETA, GAMMA, ZETA = 2.0 / 3.0, -0.1, 1.1


def gate(log_alpha: Float[Tensor, "*shape"], uniform: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """z for draws ``uniform`` in (0, 1)."""
    s = torch.sigmoid((torch.logit(uniform) + log_alpha) / BETA)
    return (s * (ZETA - GAMMA) + GAMMA).clamp(0.0, 1.0)


def gate_slope(log_alpha: Float[Tensor, "*shape"], uniform: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """∂z/∂ log α: 0 where the gate is clipped."""
    s = torch.sigmoid((torch.logit(uniform) + log_alpha) / BETA)
    stretched = s * (ZETA - GAMMA) + GAMMA
    return torch.where((stretched > 0) & (stretched < 1), (ZETA - GAMMA) * s * (1.0 - s) / BETA, 0.0)


def open_probability(log_alpha: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """P(z > 0); its sum is the expected number of weights (equation 12)."""
    return torch.sigmoid(log_alpha - BETA * log(-GAMMA / ZETA))


def expected_gate(log_alpha: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The gate of an evaluated network: clip(σ(log α) (ζ - γ) + γ, 0, 1) (equation 13)."""
    return (torch.sigmoid(log_alpha) * (ZETA - GAMMA) + GAMMA).clamp(0.0, 1.0)


def is_open(log_alpha: Float[Tensor, "*shape"]) -> Bool[Tensor, "*shape"]:
    """Where :func:`expected_gate` is above 0."""
    return expected_gate(log_alpha) > 0
