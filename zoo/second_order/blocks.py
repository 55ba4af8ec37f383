"""Contiguous blocks of weights: where each tensor's blocks lie among all blocks of a model.

Every tensor is flattened in C order and cut into blocks of ``size`` weights; the last block of a tensor is filled up
with zeros. A block never reaches over two tensors. All blocks of a model then form one ``(blocks, size)`` matrix, so
that a model of fifty tensors costs one batched operation and not fifty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional

from ..core.errors import UsageError


@dataclass(frozen=True)
class BlockLayout:
    """Names and shapes of the tensors in order, and the number of weights in a block."""

    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    size: int

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], size: int) -> "BlockLayout":
        """The layout of ``tensors``; a ``size`` beyond the largest tensor means one block per tensor.

        Raises :class:`UsageError` when there is no weight to lay out or ``size`` is below 1.
        """
        if size < 1:
            raise UsageError(f"A block needs at least one weight, got a block size of {size}.")
        largest = max((tensor.numel() for tensor in tensors.values()), default=0)
        if largest == 0:
            raise UsageError("There is no weight to cut into blocks.", "Has the model any prunable tensor?")
        return cls(tuple((name, tuple(tensor.shape)) for name, tensor in tensors.items()), min(size, largest))

    @property
    def blocks(self) -> int:
        """The number of blocks of all tensors together."""
        return sum(self._counts())

    def parts(self, most: int) -> list[Int[Tensor, " blocks"]]:
        """Numbers of all blocks in portions of at most ``most``."""
        return list(torch.split(torch.arange(self.blocks), max(1, most)))

    def spans(self) -> dict[str, slice]:
        """For every tensor the rows that its blocks take."""
        ends = list(accumulate(self._counts(), initial=0))
        return {name: slice(ends[i], ends[i + 1]) for i, (name, _) in enumerate(self.shapes)}

    def names_of(self, blocks: Int[Tensor, " some"]) -> list[str]:
        """The tensors that own at least one of ``blocks``, in the layout's order."""
        return [name for name, span in self.spans().items() if ((blocks >= span.start) & (blocks < span.stop)).any()]

    def rows(self, tensor: Shaped[Tensor, "n ..."]) -> Shaped[Tensor, "n blocks size"]:
        """``n`` values of one tensor (a leading axis before its shape), each cut into blocks; fillings are 0."""
        flat = tensor.reshape(len(tensor), -1)
        return functional.pad(flat, (0, -flat.shape[1] % self.size)).reshape(len(flat), -1, self.size)

    def gather(self, tensors: Mapping[str, Tensor]) -> Shaped[Tensor, "blocks size"]:
        """All ``tensors`` (of the layout's names and shapes) as one matrix of blocks; fillings are 0 (False)."""
        return torch.cat([self.rows(tensors[name].detach()[None])[0] for name, _ in self.shapes])

    def scatter(self, matrix: Shaped[Tensor, "blocks size"]) -> dict[str, Tensor]:
        """The inverse of :meth:`gather`: one tensor per name, in its own shape."""
        spans = self.spans()
        return {
            name: matrix[spans[name]].flatten()[: prod(shape)].reshape(shape).clone() for name, shape in self.shapes
        }

    def _counts(self) -> list[int]:
        return [-(-prod(shape) // self.size) for _, shape in self.shapes]


def diagonals(matrices: Float[Tensor, "blocks size size"]) -> Float[Tensor, "blocks size"]:
    """A view of the main diagonal of every block: writing to it writes to the blocks."""
    return matrices.diagonal(dim1=-2, dim2=-1)
