"""The Optimal Brain Surgeon's formulas on blocks: what a weight costs, and how the survivors make up for it.

Around a minimum the loss grows by ½ δᵀFδ. Forcing a set Q of weights to zero, (w + δ)_Q = 0, costs least with

    δ = −A[:, Q] (A[Q, Q])⁻¹ w_Q,    A = F⁻¹,

and forcing the single weight q costs w_q² / (2 A_qq). Sources: Hassibi & Stork, "Second order derivatives for network
pruning: Optimal Brain Surgeon" (NeurIPS 1992); Kurtic et al., "The Optimal BERT Surgeon" (arXiv 2203.07259), whose
groups are here all the weights that leave a block at once.

The programs of WoodFisher, M-FAC and oBERT instead add up the moves that each weight alone would cause,

    δ = −A[:, Q] (w_q / A_qq)_q,

and clear Q afterwards. It costs one product instead of one solution per block, and is the same where the weights that
leave do not interact; else it costs more loss than the joint update (a test measures both against the minimum).
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .blocks import diagonals


def saliency(
    weights: Float[Tensor, "blocks size"], inverse: Float[Tensor, "blocks size size"]
) -> Float[Tensor, "blocks size"]:
    """The least growth of the loss, in the loss's unit, when one weight alone is removed: w_q² / (2 [F⁻¹]_qq)."""
    return weights.to(inverse.dtype).square() / (2 * diagonals(inverse))


def joint_update(
    weights: Float[Tensor, "blocks size"],
    inverse: Float[Tensor, "blocks size size"],
    pruned: Bool[Tensor, "blocks size"],
) -> Float[Tensor, "blocks size"]:
    """New weights after all ``pruned`` ones left their block together; +0.0 at every pruned position.

    Each block solves its own system (A[Q, Q]) x = w_Q. To solve blocks with different Q in one batch, A is replaced by
    the identity outside Q: the solution is then w_Q on Q and 0 elsewhere. A must be positive definite.
    """
    left = pruned.to(inverse.dtype)
    system = inverse * (left[:, :, None] * left[:, None, :])
    diagonals(system).add_(1 - left)
    multipliers = torch.cholesky_solve((weights * left)[..., None], torch.linalg.cholesky(system))
    moved = weights.to(inverse.dtype) - (inverse @ multipliers).squeeze(-1)
    return moved.masked_fill(pruned, 0.0)


def summed_update(
    weights: Float[Tensor, "blocks size"],
    inverse: Float[Tensor, "blocks size size"],
    pruned: Bool[Tensor, "blocks size"],
) -> Float[Tensor, "blocks size"]:
    """As :func:`joint_update`, with the sum of the single weights' moves; +0.0 at every pruned position."""
    exact = weights.to(inverse.dtype)
    alone = exact / diagonals(inverse) * pruned
    moved = exact - (inverse @ alone[..., None]).squeeze(-1)
    return moved.masked_fill(pruned, 0.0)
