"""Second moments of a layer's inputs, summed up batch by batch: what is never stored are the inputs themselves."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..errors import NonFiniteInputError
from .layers import Layer

PIECE_ELEMENTS = 2**26  # inputs unfolded at a time: 256 MB in single precision


class InputMoments:
    """The running sum Σ x xᵀ over the columns x that a layer was given, for each of its channel groups.

    ``total`` is (groups, columns, columns); with ``diagonal`` only Σ x², (groups, columns). Products of one piece of a
    batch are computed in the precision of the inputs, their sums over pieces kept in ``dtype`` (double precision, as
    in IST-DASLab/OBC @9b7979b; single takes half the memory). ``samples`` counts images, ``positions`` columns.
    """

    def __init__(
        self,
        layer: Layer,
        *,
        diagonal: bool = False,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        self.layer = layer
        self.samples = 0
        self.positions = 0
        sides = (layer.columns,) if diagonal else (layer.columns, layer.columns)
        self.total = torch.zeros(layer.groups, *sides, dtype=dtype, device=device)

    @torch.no_grad()
    def add(self, module: nn.Module, given: Float[Tensor, "..."], samples: int) -> None:
        """Add what one call of ``module`` with ``given`` (samples first) multiplied its weight by."""
        elements = 0
        for part in torch.split(given, self._at_once(module, given)):
            columns = self.layer.inputs(module, part)
            if self.total.ndim == 2:
                self.total += columns.square().sum(-1)
            else:
                self.total += columns @ columns.mT
            elements += columns.shape[-1]
        self.samples += samples
        self.positions += elements

    def hessian(self) -> Float[Tensor, "groups columns columns"]:
        """H = 2/n Σ x xᵀ over n samples (not positions), in double precision.

        Raises :class:`NonFiniteInputError` that names the layer for NaN and infinity.
        """
        return self._checked() * (2.0 / max(self.samples, 1))

    def norms(self) -> Float[Tensor, "groups columns"]:
        """‖x‖₂ of each input over all positions, divided by √n, in double precision; raises as :meth:`hessian`."""
        total = self._checked()
        squares = total if total.ndim == 2 else total.diagonal(dim1=-2, dim2=-1)
        return (squares / max(self.samples, 1)).sqrt()

    def state(self) -> dict[str, Tensor]:
        """All that a later process needs to go on adding; see :meth:`load`."""
        return {"total": self.total, "counts": torch.tensor([self.samples, self.positions])}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a :meth:`state`."""
        self.total.copy_(state["total"])
        self.samples, self.positions = state["counts"].tolist()

    def _at_once(self, module: nn.Module, given: Tensor) -> int:
        """Samples whose unfolded inputs fit the bound."""
        kernel = getattr(module, "kernel_size", ())
        return max(1, PIECE_ELEMENTS // max(1, given[0].numel() * torch.Size(kernel).numel()))

    def _checked(self) -> Tensor:
        # An entry of x shows on the diagonal of x xᵀ, and its infinity or NaN does not go away by adding.
        if not bool(torch.isfinite(self.total).all()):
            raise NonFiniteInputError(
                f"The layer of {self.layer.name} was given NaN or infinity, or values too large to square.",
                "Did training diverge? Are the calibration images preprocessed as the network expects?",
            )
        return self.total.double()
