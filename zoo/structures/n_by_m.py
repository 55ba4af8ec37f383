"""N of each M consecutive inputs: counts are the same in every group."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..allocation import Shapes
from ..core.errors import UsageError
from ..masks import Masks, keep_top_each, keep_top_global
from ..patterns import NByM
from ._structure import Quota


@dataclass(frozen=True)
class NByMStructure:
    """See :class:`~zoo.structures.Structure`; tensors whose inputs M does not divide stay dense.

    All that follow the pattern have its sparsity, so that an allocation says no more than the way there: short of the
    pattern's own sparsity, the M-N lowest weights of each group are *candidates*, and of these as large a part has left
    as of the sparsity is reached. They leave by their scores over all tensors together where the allocation is one
    ranking, otherwise as many of each tensor. No group ever keeps fewer than N, so that masks of a rising sparsity can
    be nested and end in the pattern; until then they do not follow it.
    """

    shapes: Shapes
    pattern: NByM

    def __post_init__(self) -> None:
        if not self.grouped(()):
            raise UsageError(
                f"{self.pattern} groups {self.pattern.m} inputs, and no tensor here has a number of inputs that "
                f"{self.pattern.m} divides."
            )

    def grouped(self, dense: tuple[str, ...]) -> list[str]:
        """The tensors that follow the pattern where ``dense`` stay dense."""
        return [name for name, shape in self.shapes.items() if name not in dense and fits_groups(shape, self.pattern.m)]

    def masks(
        self, scores: Mapping[str, Tensor], sparsity: float, quota: Quota, within: Mapping[str, Tensor] | None = None
    ) -> Masks:
        """The candidates leave, as many as ``sparsity`` is of the pattern's own."""
        part = min(1.0, sparsity / self.pattern.sparsity)
        chosen = {name: scores[name] for name in self.grouped(quota.dense(self.shapes))}
        best = {
            name: best_of_groups(score if within is None else _inside(score, within[name]), self.pattern)
            for name, score in chosen.items()
        }
        leaving = {name: mask.numel() - int(mask.sum()) for name, mask in best.items()}
        ranked = quota.ranked(chosen)
        ordered = {
            name: score.masked_fill(best[name], torch.inf)
            for name, score in (chosen if ranked is None else ranked).items()
        }
        if ranked is not None:
            numel = sum(mask.numel() for mask in best.values())
            kept = keep_top_global(ordered, numel - round(part * sum(leaving.values())), within)
        else:
            counts = {name: mask.numel() - round(part * leaving[name]) for name, mask in best.items()}
            kept = keep_top_each(ordered, counts, within)
        return {
            name: kept[name] if name in kept else torch.ones_like(score, dtype=torch.bool)
            for name, score in scores.items()
        }

    def misfit(self, masks: Mapping[str, Tensor], sparsity: float) -> str | None:  # noqa: ARG002 - the pattern's own
        """A group with another number of kept weights, in a tensor that is not dense."""
        pruned = [name for name in self.grouped(()) if not bool(masks[name].all())]
        for name in pruned:
            if not bool((groups_of(masks[name], self.pattern.m).sum(dim=-1) == self.pattern.n).all()):
                return f"not {self.pattern.n} of each {self.pattern.m} inputs in {name}"
        surplus = [name for name, mask in masks.items() if name not in pruned and not bool(mask.all())]
        if surplus:
            return f"not all of {surplus[0]}, whose inputs {self.pattern.m} does not divide"
        return None if pruned else f"not {self.pattern.n} of each {self.pattern.m} inputs anywhere"


def fits_groups(shape: tuple[int, ...], m: int) -> bool:
    """Whether groups of ``m`` inputs tile a tensor (out, in, ...)."""
    return len(shape) > 1 and shape[1] % m == 0


def groups_of(values: Tensor, m: int) -> Tensor:
    """A tensor (out, in, ...) as (groups, m): consecutive inputs of one output at one kernel position."""
    return values.movedim(1, -1).reshape(-1, m)


def best_of_groups(score: Float[Tensor, "out in *kernel"], pattern: NByM) -> Bool[Tensor, "out in *kernel"]:
    """The ``n`` highest scores of each group; among equal ones the lower input.

    >>> best_of_groups(torch.tensor([[3.0, 1.0, 2.0, 2.0]]), NByM(2, 4)).tolist()
    [[True, False, True, False]]
    """
    moved = score.movedim(1, -1)
    order = moved.reshape(-1, pattern.m).sort(dim=-1, descending=True, stable=True).indices
    kept = torch.zeros_like(order, dtype=torch.bool).scatter_(1, order[:, : pattern.n], True)
    return kept.reshape(moved.shape).movedim(-1, 1)


def _inside(score: Tensor, mask: Tensor) -> Tensor:
    return score.masked_fill(~mask, -torch.inf)
