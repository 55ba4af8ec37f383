"""The best weights for a mask: least squares on what the layer is given."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .inverse import Curvature


def refit(
    weights: Float[Tensor, "groups rows columns"],
    kept: Bool[Tensor, "groups rows columns"],
    curvature: Curvature,
    inverse: Float[Tensor, "groups columns columns"] | None = None,
) -> Float[Tensor, "groups rows columns"]:
    """min ‖(w − w') X‖² for every row w over the w' that are zero outside ``kept``, in double precision.

    With S the kept inputs of a row, w'_S = H_SS⁻¹ H_S: w. Where ``inverse`` = H⁻¹ is given and fewer are removed (Q)
    than kept, the same is had from w' = w − H⁻¹_:Q (H⁻¹_QQ)⁻¹ w_Q, whose system is the smaller one. Weights of dead
    inputs that are kept stay as they are. The columns must be those of the ``curvature``.
    """
    result = torch.zeros_like(weights, dtype=torch.float64)
    for group in range(len(weights)):
        matrix, dead = curvature.matrix[group], curvature.dead[group]
        w = weights[group].double().masked_fill(dead, 0.0)
        targets = w @ matrix
        for row in range(len(w)):
            mask = kept[group, row]
            if inverse is not None and 2 * int(mask.sum()) > len(mask):
                fitted = _without(w[row], ~mask, inverse[group])
            else:
                fitted = _with(targets[row], mask, matrix)
            result[group, row] = torch.where(dead, weights[group, row].double(), fitted)
    return result.masked_fill(~kept, 0.0)


def _with(target: Float[Tensor, " columns"], kept: Bool[Tensor, " columns"], matrix: Tensor) -> Tensor:
    chosen = kept.nonzero().squeeze(-1)
    factor = torch.linalg.cholesky(matrix[chosen][:, chosen])
    fitted = torch.zeros_like(target)
    fitted[chosen] = torch.cholesky_solve(target[chosen, None], factor).squeeze(-1)
    return fitted


def _without(w: Float[Tensor, " columns"], pruned: Bool[Tensor, " columns"], inverse: Tensor) -> Tensor:
    chosen = pruned.nonzero().squeeze(-1)
    rows = inverse[chosen]
    factor = torch.linalg.cholesky(rows[:, chosen])
    return w - (torch.cholesky_solve(w[chosen, None], factor).squeeze(-1) @ rows)
