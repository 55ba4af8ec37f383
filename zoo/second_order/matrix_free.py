"""Products with the inverse Fisher from the gradients alone: no matrix of the size of a block squared.

With the m gradients of a block as rows of G, F = λI + GᵀG/m, and by the Woodbury identity

    F⁻¹ = (I − VᵀV) / λ,    V = L⁻¹G,    LLᵀ = λmI + GGᵀ.

M-FAC (Frantar et al., arXiv 2107.03356) writes this as a recursion over the gradients, F⁻¹g_i from those before it; its
vectors F⁻¹g_i / √ν_i are rows of V / √λ, and the recursion is a Cholesky factorisation gone through row by row. Here
LAPACK does it, for many blocks at once. The memory is m numbers a weight. The order of the gradients does not matter,
so that a window of the last m gradients of a training ("dynamic" in the paper) needs nothing else.

I − VᵀV loses digits where a direction is known well: the diagonal is then a small difference. Such blocks are held in
double precision; with more gradients than weights in a block, the explicit inverse is smaller, and better.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ..errors import LostDigitsError, NonFiniteGradientError
from .blocks import BlockLayout
from .inverse import TOLERANCE

SLICE_ELEMENTS = 2**22  # numbers that are in double precision at a time


class GradientRows:
    """``count`` of ``most`` gradients, cut into blocks: ``rows`` has shape (blocks, most, size)."""

    def __init__(self, layout: BlockLayout, most: int, device: torch.device | str = "cpu") -> None:
        self.layout, self.count = layout, 0
        self.rows = torch.zeros(layout.blocks, most, layout.size, device=device)

    def add(self, gradients: Mapping[str, Float[Tensor, "n ..."]]) -> None:
        """Put ``n`` gradients behind those that are there."""
        end = self.count + len(next(iter(gradients.values())))
        for name, span in self.layout.spans().items():
            self.rows[span, self.count : end] = self.layout.rows(gradients[name]).transpose(0, 1)
        self.count = end

    def state(self) -> dict[str, Any]:
        """The gradients and their number."""
        return {"count": self.count, "rows": self.rows}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from such a state."""
        self.count = state["count"]
        self.rows.copy_(state["rows"])


class MatrixFreeInverse:
    """F⁻¹ by blocks, from ``gradients`` (blocks, m, size), which are overwritten.

    ``diagonal``: [F⁻¹]_qq, (blocks, size). Raises :class:`NonFiniteGradientError` and :class:`LostDigitsError`.
    """

    def __init__(self, gradients: Float[Tensor, "blocks m size"], damping: float) -> None:
        self.damping = damping
        self._rows = gradients
        self._exact: dict[int, Tensor] = {}  # blocks whose digits single precision does not hold
        self.diagonal = torch.empty(
            gradients.shape[0], gradients.shape[2], dtype=torch.float64, device=gradients.device
        )
        for some in self._slices():
            self._factorise(some)

    def product(self, vectors: Float[Tensor, "blocks size"]) -> Float64[Tensor, "blocks size"]:
        """F⁻¹ times a vector, block by block."""
        result = vectors.double()
        for some in self._slices():
            x = vectors[some].double()[..., None]
            inside = x.new_zeros(len(x), self._rows.shape[1], 1)
            for columns in self._columns(some):
                inside += self._v(some, columns) @ x[:, columns]
            for columns in self._columns(some):
                result[some, columns] -= (self._v(some, columns).mT @ inside).squeeze(-1)
        return result / self.damping

    def _v(self, some: slice, columns: slice) -> Float64[Tensor, "some m columns"]:
        v = self._rows[some, :, columns].double()
        for block in range(some.start, some.stop):
            if block in self._exact:
                v[block - some.start] = self._exact[block][:, columns]
        return v

    def _factorise(self, some: slice) -> None:
        factor = self._factor(some)
        smallest = torch.full((some.stop - some.start,), torch.inf, dtype=torch.float64, device=factor.device)
        for columns in self._columns(some):
            share = 1 - self._solved(factor, some, columns).square().sum(1)  # λ [F⁻¹]_qq
            self.diagonal[some, columns] = share / self.damping
            smallest = torch.minimum(smallest, share.min(-1).values)
        if not bool((smallest * TOLERANCE > torch.finfo(torch.float64).eps).all()):
            raise _lost(self._rows.shape[1], self.damping)
        few = (smallest * TOLERANCE <= torch.finfo(self._rows.dtype).eps).nonzero().squeeze(-1).tolist()
        for row in few:
            self._exact[some.start + row] = torch.empty(self._rows.shape[1:], dtype=torch.float64, device=factor.device)
        for columns in self._columns(some):
            v = self._solved(factor, some, columns)
            for row in few:
                self._exact[some.start + row][:, columns] = v[row]
            self._rows[some, :, columns] = v.to(self._rows.dtype)

    def _factor(self, some: slice) -> Float64[Tensor, "some m m"]:
        blocks, m = some.stop - some.start, self._rows.shape[1]
        dots = torch.zeros(blocks, m, m, dtype=torch.float64, device=self._rows.device)
        for columns in self._columns(some):
            g = self._rows[some, :, columns].double()
            dots.baddbmm_(g, g.mT)
        if not bool(dots.isfinite().all()):
            raise NonFiniteGradientError(
                "Gradients hold NaN or infinity, or values too large to square.",
                "Did training diverge? Check the loss and the learning rate.",
            )
        dots.diagonal(dim1=-2, dim2=-1).add_(self.damping * m)
        factored = torch.linalg.cholesky_ex(dots)
        if bool(factored.info.any()):
            raise _lost(m, self.damping)
        factor: Tensor = factored.L
        return factor

    def _solved(self, factor: Tensor, some: slice, columns: slice) -> Float64[Tensor, "some m columns"]:
        g = self._rows[some, :, columns].double()
        solution: Tensor = torch.linalg.solve_triangular(factor, g, upper=False)
        return solution

    def _slices(self) -> list[slice]:
        blocks, m, size = self._rows.shape
        at_once = max(1, SLICE_ELEMENTS // (m * size))
        return [slice(start, min(start + at_once, blocks)) for start in range(0, blocks, at_once)]

    def _columns(self, some: slice) -> list[slice]:
        _, m, size = self._rows.shape
        at_once = max(1, SLICE_ELEMENTS // ((some.stop - some.start) * m))
        return [slice(start, min(start + at_once, size)) for start in range(0, size, at_once)]


def _lost(gradients: int, damping: float) -> LostDigitsError:
    return LostDigitsError(
        f"A damping of {damping:g} is lost beside {gradients} gradients, even in double precision.",
        "Use more damping, or more weights than gradients in a block.",
    )
