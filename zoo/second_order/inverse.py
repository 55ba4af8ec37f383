"""The inverses of damped blocks, with a count of the digits that survived.

The empirical Fisher of m gradients has rank m at most. When m is below the block size, or some gradients are nearly
equal, only the damping λ keeps a block invertible, and a λ below the rounding error of the sums is lost: the inverse is
then noise, not a Fisher inverse. Cholesky itself notices only the crudest of these cases.

The measure used here is the trace of the scaled inverse, Σ_q F_qq [F⁻¹]_qq (a statistician's variance inflation,
summed). By the Cauchy-Schwarz inequality every entry of F is rounded relative to √(F_ii F_jj), so F is known up to
about ε in its unit-diagonal scaling, and its inverse up to ε times the norm of the scaled inverse, which the trace
bounds (Demmel, "On floating point errors in Cholesky", LAPACK working note 14, 1989). The trace is the same for F and
for F⁻¹, and no larger for a principal block of F⁻¹: a block that passes here is safe in :func:`.surgeon.joint_update`.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .blocks import diagonals
from .chunks import over_chunks

TOLERANCE = 1e-3  # the largest relative error of an inverse that is believed


def invert_damped_(gram: Float[Tensor, "blocks size size"], gradients: int, damping: float) -> Bool[Tensor, " blocks"]:
    """Replace every Gram block G by (λI + G/m)⁻¹ in place and return which blocks lost their digits.

    ``gradients`` is m, ``damping`` is λ > 0. The content of a lost block is meaningless.
    """
    lost = torch.zeros(len(gram), dtype=torch.bool, device=gram.device)

    def invert(some: slice) -> None:
        part = gram[some]
        part.div_(gradients)
        diagonals(part).add_(damping)
        scale = diagonals(part).clone()
        factor, info = torch.linalg.cholesky_ex(part)
        factor[info != 0] = torch.eye(len(factor[0]), dtype=part.dtype, device=part.device)  # LAPACK stops at a zero
        part.copy_(torch.cholesky_inverse(factor))
        error = torch.finfo(part.dtype).eps * (scale * diagonals(part)).sum(-1)
        lost[some] = (info != 0) | ~(error <= TOLERANCE)  # negated, so that NaN counts as lost

    over_chunks(invert, len(gram), gram.shape[-1])
    return lost
