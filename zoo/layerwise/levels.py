"""From eliminations to masks and weights: how far every row goes when a layer loses so much."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from ..allocation import Counts
from ..masks import keep_top, keep_top_global
from .eliminate import Elimination
from .inverse import Curvature
from .refit import refit


@dataclass(frozen=True)
class PrunedRows:
    """A layer whose rows know in which order they lose their blocks of ``tall`` × ``size`` weights.

    ``weights`` and ``curvature`` have their columns in the order that blocks are made of. ``uses``: how often an image
    uses each weight, its output positions.
    """

    weights: Float[Tensor, "groups rows columns"]
    curvature: Curvature
    elimination: Elimination
    tall: int = 1
    size: int = 1
    uses: float = 1.0

    @property
    def blocks(self) -> int:
        """Blocks of the layer that may leave."""
        return self.elimination.losses.numel()

    def relative_losses(self) -> Float64[Tensor, "rows steps"]:
        """What each step adds to the loss, over the energy ½ tr(W H Wᵀ) of the output, so that layers compare."""
        w = self.weights.double()
        energy = float(((w @ self.curvature.matrix) * w).sum()) / 2
        return self.elimination.losses / energy if energy > 0 else self.elimination.losses

    def kept(self, leaving: int) -> Bool[Tensor, "groups rows columns"]:
        """The mask after the ``leaving`` cheapest steps of all rows; a row goes as far as it has steps among them."""
        losses, order = self.elimination.losses, self.elimination.order
        steps = (~keep_top(losses, losses.numel() - leaving)).sum(1)
        taken = torch.arange(losses.shape[1], device=losses.device) < steps[:, None]
        blocks = torch.ones(len(losses), self.weights.shape[-1] // self.size, dtype=torch.bool, device=losses.device)
        blocks.scatter_(1, order, ~taken)
        return blocks.repeat_interleave(self.size, 1).repeat_interleave(self.tall, 0).reshape(self.weights.shape)

    def fitted(self, kept: Bool[Tensor, "groups rows columns"]) -> Float64[Tensor, "groups rows columns"]:
        """The weights that the elimination ends in: the least squares solution of every row, in double precision."""
        return refit(self.weights, kept, self.curvature, self.curvature.inverse())


def over_all(losses: Mapping[str, Float64[Tensor, "..."]], leaving: int) -> Counts:
    """How many steps each layer takes when the ``leaving`` cheapest of all layers are taken."""
    total = sum(each.numel() for each in losses.values())
    return {name: int((~kept).sum()) for name, kept in keep_top_global(losses, total - leaving).items()}


def settled(losses: Mapping[str, Float64[Tensor, "..."]], taken: Counts, leaving: int) -> Counts:
    """Counts near ``taken`` that add up to ``leaving``: the cheapest steps more, or the dearest fewer."""
    sorted_losses = {name: each.flatten().sort().values for name, each in losses.items()}
    missing = leaving - sum(taken.values())
    if missing >= 0:
        open_steps = {name: each[taken[name] :] for name, each in sorted_losses.items()}
        more = over_all(open_steps, missing)
        return {name: count + more[name] for name, count in taken.items()}
    return over_all({name: each[: taken[name]] for name, each in sorted_losses.items()}, leaving)


def level_counts(blocks: int, density_factor: float, highest: float) -> Int64[Tensor, " levels"]:
    """Steps of a layer at the levels 1 − f⁰, 1 − f¹, 1 − f², ... below ``highest``, and at it (OBC: f = 0.9, 0.99)."""
    levels, density = [], 1.0
    while density > 1.0 - highest:
        levels.append(1.0 - density)
        density *= density_factor
    counts = (torch.tensor([*levels, highest], dtype=torch.float64) * blocks).round().long()
    distinct: Tensor = torch.unique(counts)
    return distinct
