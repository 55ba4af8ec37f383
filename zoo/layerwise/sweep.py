"""SparseGPT: one sweep over the columns, each of which the columns to its right make up for.

Column by column the weights that leave are set to zero and their errors passed on through the rows of the upper
Cholesky factor U of H⁻¹ (Uᵀ U = H⁻¹; U_jj² is the first entry of the inverse of H without its first j rows and
columns). All rows share U, so that a layer costs one factorisation. Within a block of columns the errors are passed
on at once, to the columns behind it lazily as one matrix product. Frantar & Alistarh, "SparseGPT: Massive Language
Models Can Be Accurately Pruned in One-Shot" (arXiv 2301.00774).
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .inverse import Curvature

Choose = Callable[[Float[Tensor, "groups rows part"], int], Bool[Tensor, "groups rows part"]]


def sweep(
    weights: Float[Tensor, "groups rows columns"], curvature: Curvature, choose: Choose, block: int = 128
) -> tuple[Float[Tensor, "groups rows columns"], Bool[Tensor, "groups rows columns"]]:
    """New weights in double precision and the mask (True = kept).

    ``choose(scores, start)`` keeps some of the weights of the columns from ``start`` on, by the scores w² / U_jj² that
    they have when the sweep reaches them; those of dead inputs are 0. It is asked once for each block.
    """
    upper = torch.linalg.cholesky(curvature.inverse(), upper=True)
    w = weights.double().clone()
    kept = torch.ones_like(weights, dtype=torch.bool)
    costs = upper.diagonal(dim1=-2, dim2=-1).square()
    for start in range(0, w.shape[-1], block):
        stop = min(start + block, w.shape[-1])
        scores = (w[..., start:stop].square() / costs[:, None, start:stop]).masked_fill(
            curvature.dead[:, None, start:stop], 0.0
        )
        kept[..., start:stop] = choose(scores, start)
        errors = torch.zeros_like(scores)
        for j in range(start, stop):
            error = w[..., j].masked_fill(kept[..., j], 0.0) / upper[:, None, j, j]
            w[..., j:stop] -= error[..., None] * upper[:, None, j, j:stop]
            errors[..., j - start] = error
        w[..., stop:] -= errors @ upper[:, start:stop, stop:]
    return w.masked_fill(~kept, 0.0), kept
