"""The weights that are left as one vector, over all tensors: what M-FAC cuts into blocks, and OBS inverts whole."""

from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from .accumulate import Stream
from .blocks import BlockLayout

NAME = "the kept weights"


class KeptWeights:
    """``masks`` (True = kept) in order, and how tensors of their shapes become a vector of the kept entries."""

    def __init__(self, masks: Mapping[str, Bool[Tensor, "..."]]) -> None:
        self.masks = masks
        self.count = sum(int(mask.sum()) for mask in masks.values())

    def layout(self, size: int) -> BlockLayout:
        """Blocks of the vector; ``size`` beyond its length is one block."""
        return BlockLayout(((NAME, (self.count,)),), min(size, self.count))

    def gather(self, tensors: Mapping[str, Shaped[Tensor, "..."]]) -> Shaped[Tensor, " kept"]:
        """The kept entries, in order."""
        return torch.cat([tensors[name].detach()[mask] for name, mask in self.masks.items()])

    def scatter(self, vector: Shaped[Tensor, " kept"]) -> dict[str, Tensor]:
        """Tensors with the entries of ``vector`` where a weight is kept, and 0 (False) elsewhere."""
        parts = torch.split(vector, [int(mask.sum()) for mask in self.masks.values()])
        found = {}
        for part, (name, mask) in zip(parts, self.masks.items(), strict=True):
            found[name] = torch.zeros(mask.shape, dtype=vector.dtype, device=vector.device)
            found[name][mask] = part
        return found

    def stream(self, stream: Stream) -> Stream:
        """The same gradients as one tensor (n, kept) called :data:`NAME`."""

        def kept(skip: int) -> Iterator[dict[str, Tensor]]:
            for gradients in stream(skip):
                yield {NAME: torch.cat([gradients[name][:, mask] for name, mask in self.masks.items()], dim=1)}
                del gradients

        return kept
