"""ExactOBS: from every row the weights leave one after the other, each time the one whose leaving costs least.

With A = H⁻¹ restricted to what a row has left, the cheapest block Q of ``size`` consecutive weights is the one of least
½ w_Q (A_QQ)⁻¹ w_Qᵀ; then w −= w_Q (A_QQ)⁻¹ A_Q: and A −= A_:Q (A_QQ)⁻¹ A_Q:, which is the inverse of H without Q.
Frantar, Singh & Alistarh, "Optimal Brain Compression" (arXiv 2208.11580). ``tall`` consecutive rows that lose the same
inputs share A, and a block costs the sum over them.

The updates of A are not made one by one, each of which would move the whole matrix through memory. They are kept as
the columns of a thin matrix U (A now = A − U Uᵀ), from which a step reads the one block row that it needs, and applied
:data:`LAZY` steps at a time as one matrix product; from time to time the rows and columns of what has gone are dropped.
Many rows go together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int, Int64
from torch import Tensor

from ..errors import LostDigitsError
from ..second_order.blocks import diagonals
from .inverse import Curvature

LAZY = 64
DROP_AT = 0.85  # of a matrix is left when it is made smaller: copying it costs as much as a few products
BATCH_BYTES = 256 * 2**20  # of the matrices A of the rows that go together
TOLERANCE = 1e-2  # the largest relative error of a cost that is believed
_EPSILON = torch.finfo(torch.float32).eps


@dataclass(frozen=True)
class Elimination:
    """In what order the blocks of each row (of ``tall`` rows) leave, and the loss ½ tr(δ H δᵀ) that each step adds.

    ``order`` and ``losses`` are (rows, steps): block ``order[r, k]`` leaves row r in step k. Blocks count from 0.
    """

    order: Int64[Tensor, "rows steps"]
    losses: Float64[Tensor, "rows steps"]

    def followed_by(self, other: "Elimination") -> "Elimination":
        """These rows, then those."""
        return Elimination(torch.cat([self.order, other.order]), torch.cat([self.losses, other.losses]))


@torch.no_grad()
def eliminate(
    weights: Float[Tensor, "groups rows columns"],
    curvature: Curvature,
    *,
    size: int = 1,
    tall: int = 1,
    most: tuple[int, int] | None = None,
    done: Elimination | None = None,
    after_part: Callable[[Elimination], None] = lambda _: None,
) -> Elimination:
    """Let blocks of ``size`` consecutive weights leave every row, all of them or as many as ``most`` allows.

    Args:
        weights: of one layer; the rows of the result are those of all groups, one group after the other. Weights of
            dead inputs count as zero.
        curvature: H of the same columns.
        size: divides the columns.
        tall: consecutive rows that lose the same blocks; divides the rows of a group.
        most: (n, m): of each m consecutive blocks at most n leave.
        done: rows that an earlier call has come to; it goes on behind them.
        after_part: called with all that is done after each part of the rows.

    The matrices are kept in single precision where H is so far from singular that it holds them, else in double.
    Raises :class:`LostDigitsError` where double precision does not either.
    """
    inverse = curvature.inverse()
    live = weights.double().masked_fill(curvature.dead[:, None], 0.0)
    units = live.reshape(-1, tall, weights.shape[-1])
    blocks = weights.shape[-1] // size
    steps = blocks if most is None else blocks // most[1] * most[0]
    dtype = torch.float32 if _inflation(curvature, inverse) * _EPSILON < TOLERANCE else torch.float64
    at_once = max(1, BATCH_BYTES // (weights.shape[-1] ** 2 * dtype.itemsize))
    group_of = torch.arange(len(units), device=units.device) // (weights.shape[1] // tall)
    if done is None:
        empty = units[:0, 0, :steps]
        done = Elimination(empty.long(), empty)
    for start in range(len(done.order), len(units), at_once):
        some = slice(start, start + at_once)
        rows = _Rows(units[some].to(dtype), inverse[group_of[some]].to(dtype), size, most)
        done = done.followed_by(rows.eliminate(steps, curvature.layer.name))
        after_part(done)
    return done


def _inflation(curvature: Curvature, inverse: Tensor) -> float:
    """How much rounding errors of A may grow: A_qq falls from its first value to no less than 1/H_qq."""
    return float((diagonals(inverse) * diagonals(curvature.matrix)).max())


class _Rows:
    """Some rows on their way: ``inverse`` is A as of the last product, ``pending`` (rows, new, columns) is Uᵀ since."""

    def __init__(
        self,
        weights: Float[Tensor, "rows tall columns"],
        inverse: Float[Tensor, "rows columns columns"],
        size: int,
        most: tuple[int, int] | None,
    ) -> None:
        self.size, self.most = size, most
        self.rows = torch.arange(len(weights), device=weights.device)
        # rows, blocks, size, tall
        self.w = weights.reshape(*weights.shape[:2], -1, size).permute(0, 2, 3, 1).contiguous()
        self.inverse = inverse
        self.diagonal = self._diagonal_blocks()
        self.names = torch.arange(self.w.shape[1], device=weights.device).expand(len(weights), -1).clone()
        self.closed = torch.zeros_like(self.names, dtype=torch.bool)  # gone, or not allowed to go
        self.gone = torch.zeros_like(self.closed)
        self.pending = self._nothing_pending()
        self.new = 0  # rows of Uᵀ that are filled
        groups = 1 if most is None else self.w.shape[1] // most[1]
        self.taken = torch.zeros(len(weights), groups, dtype=torch.int64, device=weights.device)

    def eliminate(self, steps: int, name: str) -> Elimination:
        """The next ``steps`` steps of every row; ``name`` is the layer's, for errors."""
        order = torch.empty(len(self.rows), steps, dtype=torch.int64, device=self.w.device)
        losses = torch.empty(order.shape, dtype=torch.float64, device=self.w.device)
        for step in range(steps):
            if self.new == self.pending.shape[1]:
                self._catch_up()
            order[:, step], losses[:, step] = self._step()
        # Once and at the end: a look at every step would make a GPU wait for each of them.
        if not bool((losses.isfinite() & (losses >= 0)).all()):
            raise LostDigitsError(
                f"The Hessian of {name} is too close to singular to take weights out of it one by one.",
                "Use more damping (--set config.damping=0.01) or more calibration images.",
            )
        return Elimination(order, losses)

    def _step(self) -> tuple[Int[Tensor, " rows"], Float[Tensor, " rows"]]:
        costs, solved = self._costs()
        place = costs.masked_fill_(self.closed, torch.inf).argmin(1)
        loss = costs[self.rows, place] / 2
        factor, _ = torch.linalg.cholesky_ex(self.diagonal[self.rows, place])
        # The next rows of Uᵀ are L⁻¹ A_Q: with A_QQ = L Lᵀ, and w loses A_:Q A_QQ⁻¹ w_Q = (L⁻¹ A_Q:)ᵀ (Lᵀ A_QQ⁻¹ w_Q).
        update = self.pending[:, self.new : self.new + self.size]
        update.copy_(torch.linalg.solve_triangular(factor, self._block_row(place), upper=False))
        self.new += self.size
        self.w -= (update.mT @ (factor.mT @ solved[self.rows, place])).reshape(self.w.shape)
        self.diagonal -= _products(update.reshape(*update.shape[:2], -1, self.size))
        name = self.names[self.rows, place]
        self._close(place)
        return name, loss

    def _costs(self) -> tuple[Float[Tensor, "rows blocks"], Float[Tensor, "rows blocks size tall"]]:
        """tr(w_Qᵀ A_QQ⁻¹ w_Q) and A_QQ⁻¹ w_Q of every block."""
        # The systems of single weights are divisions, which solving them one by one would make a hundred times slower.
        one = self.size == 1
        solved = self.w / self.diagonal if one else torch.linalg.solve(self.diagonal, self.w)
        return (solved * self.w).sum((-1, -2)), solved

    def _block_row(self, place: Int[Tensor, " rows"]) -> Float[Tensor, "rows size columns"]:
        """A_Q: now."""
        inside = place[:, None] * self.size + torch.arange(self.size, device=place.device)
        row = self.inverse[self.rows[:, None], inside]
        u = self.pending[:, : self.new]
        return torch.baddbmm(row, u.gather(2, inside[:, None].expand(-1, self.new, -1)).mT, u, alpha=-1)

    def _close(self, place: Int[Tensor, " rows"]) -> None:
        self.gone[self.rows, place] = True
        self.closed[self.rows, place] = True
        # Whatever the arithmetic left: A of what has gone is never read again, but must not make the costs infinite.
        self.diagonal[self.rows, place] = torch.eye(self.size, dtype=self.w.dtype, device=self.w.device)
        self.w[self.rows, place] = 0.0
        if self.most is not None:
            leave, of = self.most
            group = self.names[self.rows, place] // of
            self.taken[self.rows, group] += 1
            self.closed |= self.taken.gather(1, self.names // of) >= leave

    def _catch_up(self) -> None:
        """Apply what is pending, and drop what has gone once it is much of the matrix."""
        self.inverse.baddbmm_(self.pending.mT, self.pending, alpha=-1)
        left = self.gone.shape[1] - int(self.gone[0].sum())  # as many in every row
        if left <= DROP_AT * self.gone.shape[1]:
            self._drop(left)
        self.new = 0

    def _drop(self, left: int) -> None:
        keep = (~self.gone).nonzero()[:, 1].reshape(-1, left)
        inside = (keep[..., None] * self.size + torch.arange(self.size, device=keep.device)).flatten(1)
        smaller = self.inverse.new_empty(len(keep), left * self.size, left * self.size)
        for old, new, places in zip(self.inverse, smaller, inside, strict=True):
            torch.index_select(old[places], 1, places, out=new)
        rows = self.rows[:, None]
        self.inverse = smaller
        self.w, self.names, self.closed = self.w[rows, keep], self.names[rows, keep], self.closed[rows, keep]
        self.gone = torch.zeros_like(self.closed)
        self.diagonal = self._diagonal_blocks()
        self.pending = self._nothing_pending()

    def _nothing_pending(self) -> Float[Tensor, "rows new columns"]:
        return self.inverse.new_empty(len(self.inverse), LAZY * self.size, self.inverse.shape[-1])

    def _diagonal_blocks(self) -> Float[Tensor, "rows blocks size size"]:
        rows, columns, _ = self.inverse.shape
        tiles = self.inverse.reshape(rows, columns // self.size, self.size, columns // self.size, self.size)
        blocks: Tensor = tiles.diagonal(dim1=1, dim2=3).movedim(-1, 1).clone()
        return blocks


def _products(update: Float[Tensor, "rows new blocks size"]) -> Float[Tensor, "rows blocks size size"]:
    """The diagonal blocks of U Uᵀ."""
    if update.shape[-1] == 1:
        return update.square().movedim(1, -1)
    u = update.transpose(1, 2)  # rows, blocks, new, size
    return u.mT @ u
