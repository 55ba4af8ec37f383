"""The Optimal Brain Surgeon one weight after the other: remove the cheapest, make up for it, look again.

In every block the weight with the smallest w_q² / (2 A_qq) leaves, A = F⁻¹; the others move by −A[:, q] w_q / A_qq; and
A becomes the inverse of F without q, by one elimination: A − A[:, q] A[q, :] / A_qq. The loss of a block after k
removals is the sum of the k costs. It never falls, so that it ranks the weights of all blocks in one list, and cutting
that list anywhere takes from each block the first ones of its own order: CAP (arXiv 2210.09223); for one block that
holds all weights, the procedure of Hassibi & Stork (NeurIPS 1992).

The weights that are left after k removals are those of the joint update (:func:`.surgeon.joint_update`) of these k, so
no intermediate weights have to be kept: the authors' program keeps all of them, which is as much memory as A.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Removal(NamedTuple):
    """``losses``: the growth of its block's loss when a weight has left, 0 where none leaves. ``order``: its place in
    the block's order of leaving, from 0; −1 where it had left before, or stays."""

    losses: Float[Tensor, "blocks size"]
    order: Int[Tensor, "blocks size"]


def greedy_removal(
    weights: Float[Tensor, "blocks size"],
    inverse: Float[Tensor, "blocks size size"],
    kept: Bool[Tensor, "blocks size"],
    most: int | None = None,
) -> Removal:
    """Remove the weights of ``kept`` from every block, cheapest first, ``most`` of each or all; nothing is changed.

    Other weights never leave; those that left before must have gradients of 0, so that they take no part.
    """
    # Blocks last: every operation then runs along contiguous memory, whatever the size of a block. All are copies.
    w, left = _last(weights.to(inverse.dtype)), _last(kept)
    a = _last(inverse)
    losses, order = torch.zeros_like(w), torch.full(w.shape, -1, dtype=torch.int32, device=w.device)
    total = w.new_zeros(1, w.shape[1])
    longest = int(kept.sum(-1).max()) if len(kept) else 0
    for step in range(longest if most is None else min(most, longest)):
        pivots = a.diagonal().T
        cost, q = torch.where(left, w.square() / (2 * pivots), torch.inf).min(0, keepdim=True)
        active = cost.isfinite()  # other blocks have nothing left
        total += torch.where(active, cost, 0.0)
        losses.scatter_(0, q, torch.where(active, total, losses.gather(0, q)))
        order.scatter_(0, q, torch.where(active, step, order.gather(0, q)))
        pivot = torch.where(active, pivots.gather(0, q), 1.0).sqrt()
        column = a.gather(0, q[None].expand(1, *w.shape)).squeeze(0) * active / pivot
        w -= column * (w.gather(0, q) / pivot)
        a.addcmul_(column[:, None], column[None], value=-1)
        left.scatter_(0, q, False)
    return Removal(losses.T, order.T)


def _last(blocks: Tensor) -> Tensor:
    return blocks.movedim(0, -1).clone(memory_format=torch.contiguous_format)


def first_of(order: Int[Tensor, "blocks size"], counts: Int[Tensor, " blocks"]) -> Bool[Tensor, "blocks size"]:
    """The weights that leave when ``counts`` leave of every block."""
    return (order >= 0) & (order < counts[:, None])
