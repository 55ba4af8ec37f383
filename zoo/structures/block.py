"""Aligned blocks of outputs by inputs: all blocks are of one size, so that they are ranked as weights are."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, prod

import torch
from torch import Tensor

from ..allocation import Shapes, count_for, rounded
from ..core.errors import UsageError
from ..errors import MaskError
from ..masks import Masks, keep_top_each, keep_top_global
from ..patterns import Block
from ._structure import Quota
from ._units import aggregated


@dataclass(frozen=True)
class BlockStructure:
    """See :class:`~zoo.structures.Structure`; tensors that the blocks do not tile stay dense, the others pay for it.

    The kept weights are fewer than one block above the number that the sparsity asks for.
    """

    shapes: Shapes
    pattern: Block

    def __post_init__(self) -> None:
        if len(self._untiled()) == len(self.shapes):
            raise UsageError(f"{self.pattern} tiles no tensor here: outputs and inputs must be multiples of its sides.")

    @property
    def _size(self) -> int:
        return self.pattern.rows * self.pattern.columns

    def _untiled(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, shape in self.shapes.items()
            if len(shape) < 2 or shape[0] % self.pattern.rows or shape[1] % self.pattern.columns
        )

    def masks(
        self, scores: Mapping[str, Tensor], sparsity: float, quota: Quota, within: Mapping[str, Tensor] | None = None
    ) -> Masks:
        """The blocks with the highest aggregated scores."""
        untiled = self._untiled()
        dense = {*untiled, *quota.dense(self.shapes)}
        units = {
            name: aggregated(self._blocks(score), self.pattern.aggregate)
            for name, score in scores.items()
            if name not in dense
        }
        alive = None if within is None else {name: self._blocks(within[name]).any(dim=-1) for name in units}
        total = self._units(sparsity, dense)
        ranked = quota.ranked(units)
        if ranked is not None:
            kept = keep_top_global(ranked, total, alive)
        else:
            limits = None if within is None else {name: int(mask.sum()) for name, mask in within.items()}
            wanted = quota.counts(self.shapes, sparsity, limits, untiled)
            room = {name: unit.numel() if alive is None else int(alive[name].sum()) for name, unit in units.items()}
            counts = rounded({name: wanted[name] / self._size for name in units}, total, room)
            kept = keep_top_each(units, counts, alive)
        return {
            name: self._spread(kept[name]) if name in kept else torch.ones_like(score, dtype=torch.bool)
            for name, score in scores.items()
        }

    def misfit(self, masks: Mapping[str, Tensor], sparsity: float) -> str | None:
        """A block in pieces, or another number of blocks."""
        untiled = self._untiled()
        for name, mask in masks.items():
            if not bool(mask.all()) and (name in untiled or not torch.equal(mask, self._whole(mask))):
                return f"not in whole blocks of {self.pattern.rows}x{self.pattern.columns} in {name}"
        kept = sum(int(mask.sum()) for mask in masks.values())
        wanted = count_for(sparsity, sum(mask.numel() for mask in masks.values()))
        if not wanted <= kept < wanted + self._size:
            return f"not the {wanted} of sparsity {sparsity}, or fewer than a block more"
        return None

    def _units(self, sparsity: float, dense: set[str]) -> int:
        sizes = {name: prod(shape) for name, shape in self.shapes.items()}
        wanted = count_for(sparsity, sum(sizes.values())) - sum(sizes[name] for name in dense)
        if wanted < 0:
            raise MaskError(f"At sparsity {sparsity} the layers that stay dense ({', '.join(dense)}) keep too much.")
        return ceil(wanted / self._size)

    def _blocks(self, values: Tensor) -> Tensor:
        """(out, in, ...) as (out / rows, in / columns, ..., rows * columns)."""
        rows, columns = self.pattern.rows, self.pattern.columns
        outputs, inputs, *kernel = values.shape
        cut = values.reshape(outputs // rows, rows, inputs // columns, columns, *kernel)
        return cut.movedim((1, 3), (-2, -1)).flatten(start_dim=-2)

    def _spread(self, units: Tensor) -> Tensor:
        """A value for each block, at each of its weights."""
        tall = units.repeat_interleave(self.pattern.rows, dim=0)
        return tall.repeat_interleave(self.pattern.columns, dim=1)

    def _whole(self, mask: Tensor) -> Tensor:
        return self._spread(self._blocks(mask).any(dim=-1))
