"""A Gaussian posterior from one pass over the data, without training: the diagonal Laplace approximation.

Around trained weights μ the negative log-posterior curves like N·F_ii + δ in the direction of weight i, where F_ii is
the mean over samples of the squared gradient of the negative log-likelihood, N the number of training samples and δ the
precision of the prior N(0, 1/δ). So the posterior is w_i ~ N(μ_i, σ_i²) with σ_i² = 1 / (N·F_ii + δ).

Source: Daxberger et al., "Laplace Redux" (arXiv 2106.14806), with the empirical Fisher as curvature.
"""

from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from ..core.errors import UsageError
from ..second_order.diagonal import streamed_diagonal


def fisher_diagonal(stream: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """F_ii per tensor in float64: the mean of the squared gradients in ``stream``, (n, *shape) tensors by name.

    Raises :class:`UsageError` on an empty stream and :class:`~zoo.errors.NonFiniteGradientError` on NaN or infinity.
    """
    return streamed_diagonal(lambda _skip: stream)


def posterior_deviation(
    diagonal: Float[Tensor, "*shape"], dataset_size: int, prior_precision: float
) -> Float[Tensor, "*shape"]:
    """σ = 1 / √(N·F_ii + δ), in the unit of the weights.

    Args:
        diagonal: F_ii.
        dataset_size: N, all samples that the weights were trained on, however few F_ii was estimated from.
        prior_precision: δ > 0. Weight decay c in a mean loss is the prior δ = N·c.

    Raises :class:`UsageError` when N or δ is not positive: weights without gradient would have no posterior.
    """
    if dataset_size < 1 or not prior_precision > 0:
        raise UsageError(
            f"A posterior needs data and a positive prior precision, got N = {dataset_size} and δ = {prior_precision}."
        )
    return torch.rsqrt(dataset_size * diagonal + prior_precision)
