"""Kullback-Leibler divergences KL(q ‖ p) in nats of a Gaussian q = N(μ, σ²) from a prior p, for every weight."""

from math import log, pi, sqrt

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

_HALF_LOG_2PI = 0.5 * log(2.0 * pi)

VARIATIONAL_DROPOUT_FIT = (0.63576, 1.87320, 1.48695)
"""k₁, k₂, k₃ of equation 14 of Molchanov et al. 2017 (arXiv 1701.05369)."""

LARGEST_LOG_ALPHA = 8.0
"""log α counts as no more than this, as in the authors' code: weights that are nothing but noise are left alone.

They cut below -8 too, where a large weight with little noise gets no gradient: one that no data reach would stay.
"""


def from_gaussian(
    mean: Float[Tensor, "*shape"], deviation: Float[Tensor, "*shape"], scale: float
) -> Float[Tensor, "*shape"]:
    """From N(0, ``scale``²), in closed form."""
    ratio = deviation / scale
    return 0.5 * (ratio.square() + (mean / scale).square() - 1.0) - ratio.log()


def from_laplace(
    mean: Float[Tensor, "*shape"], deviation: Float[Tensor, "*shape"], scale: float
) -> Float[Tensor, "*shape"]:
    """From the Laplace distribution with mean 0 and ``scale`` b, in closed form: E|w| is that of a folded Gaussian."""
    z = mean / deviation
    size = deviation * sqrt(2.0 / pi) * torch.exp(-0.5 * z.square()) + mean * torch.erf(z / sqrt(2.0))
    return log(2.0 * scale) + size / scale - _HALF_LOG_2PI - 0.5 - deviation.log()


def from_mixture(
    mean: Float[Tensor, "*shape"],
    deviation: Float[Tensor, "*shape"],
    noise: Float[Tensor, "*shape"],
    scales: tuple[float, float],
    share: float,
) -> Float[Tensor, "*shape"]:
    """From ``share`` N(0, scales[0]²) + (1 - ``share``) N(0, scales[1]²), estimated at the draw μ + σ ``noise``.

    Without closed form; the entropy of q is exact, so that the draw enters by log p alone (Blundell et al. 2015,
    section 3.3, estimate log q at the draw too).
    """
    weight = mean + deviation * noise
    parts = [
        log(part) - log(scale) - 0.5 * (weight / scale).square()
        for part, scale in zip((share, 1.0 - share), scales, strict=True)
    ]
    return _HALF_LOG_2PI - torch.logaddexp(*parts) - _HALF_LOG_2PI - 0.5 - deviation.log()


def log_alpha(weight: Float[Tensor, "*shape"], log_variance: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """log(σ² / θ²), 8 at most: how much larger than a weight its noise is."""
    return (log_variance - torch.log(weight.square() + 1e-8)).clamp_max(LARGEST_LOG_ALPHA)


def from_log_uniform(log_alpha: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """From the log-uniform prior of sparse variational dropout, up to a constant: 0 for infinite α.

    An approximation, within 0.01 nats for |log α| ≤ 8 (a test integrates).
    """
    k1, k2, k3 = VARIATIONAL_DROPOUT_FIT
    return k1 * torch.sigmoid(-(k2 + k3 * log_alpha)) + 0.5 * softplus(-log_alpha)
