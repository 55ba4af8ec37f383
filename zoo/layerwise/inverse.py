"""The damped inverse of a layer's second moments, and what to do with inputs that never were anything but zero."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from ..core.errors import UsageError
from ..errors import LostDigitsError
from ..second_order.blocks import diagonals
from ..second_order.inverse import invert_damped_
from .layers import Layer


@dataclass(frozen=True)
class Curvature:
    """H of a layer, damped: ``matrix`` = H + λ mean(diag H) I in double precision; ``dead`` marks inputs of zeros,
    which the mean leaves out.

    A dead input's row and column are those of the identity: its weight is worth nothing and makes up for nothing.
    """

    layer: Layer
    matrix: Float[Tensor, "groups columns columns"]
    dead: Bool[Tensor, "groups columns"]

    def inverse(self) -> Float[Tensor, "groups columns columns"]:
        """(H + λ mean(diag H) I)⁻¹ in double precision.

        Raises :class:`LostDigitsError` where double precision does not hold it: fewer independent inputs than weights
        in a row, and no damping.
        """
        inverse = self.matrix.clone()
        lost = invert_damped_(inverse, 1, 0.0)
        if bool(lost.any()):
            raise LostDigitsError(
                f"The inputs of {self.layer.name} depend on each other, so that H cannot be inverted.",
                "Use more damping (--set config.damping=0.01) or more calibration images.",
            )
        return inverse


def curvature(layer: Layer, hessian: Float[Tensor, "groups columns columns"], damping: float) -> Curvature:
    """H made fit to invert: ``damping`` is λ, a fraction of the mean of each group's diagonal."""
    if not 0 <= damping < float("inf"):
        raise UsageError(f"The damping must be at least 0, got {damping}.", "SparseGPT uses 0.01.")
    matrix = hessian.clone()
    diagonal = diagonals(matrix)
    dead = diagonal == 0
    # Of the live ones alone: whatever stood for the dead ones would make the damping depend on the unit of the inputs.
    mean = diagonal.sum(-1, keepdim=True) / (~dead).sum(-1, keepdim=True).clamp(min=1)
    diagonal.add_(damping * mean)
    diagonal[dead] = 1.0
    return Curvature(layer, matrix, dead)
