"""Sums of g gᵀ per block, accumulated from a stream of gradients that is never stored."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .blocks import BlockLayout, diagonals


class BlockGram:
    """The running sum G = Σ g gᵀ of every block; or, with ``chosen``, of those blocks alone.

    ``total`` has shape (blocks, size, size) and is all the memory that the stream needs beside one chunk of gradients.
    """

    def __init__(
        self,
        layout: BlockLayout,
        *,
        chosen: Int[Tensor, " chosen"] | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.layout = layout
        self.chosen = chosen
        self.count = 0
        blocks = layout.blocks if chosen is None else len(chosen)
        self.total = torch.zeros(blocks, layout.size, layout.size, dtype=dtype, device=device)

    def add(self, gradients: Mapping[str, Float[Tensor, "n ..."]]) -> None:
        """Add ``n`` gradients: one tensor per name of the layout, with a leading axis of length ``n``."""
        start = 0
        for name, span in self.layout.spans().items():
            rows = self.layout.rows(gradients[name])
            if self.chosen is not None:
                inside = self.chosen[(self.chosen >= span.start) & (self.chosen < span.stop)] - span.start
                rows = rows[:, inside]
            # Contiguous per block: the batched product reads each block's few gradients in one piece.
            g = rows.transpose(0, 1).contiguous().to(self.total.dtype)
            stop = start + len(g)
            self.total[start:stop].baddbmm_(g.mT, g)
            start = stop
        self.count += len(next(iter(gradients.values())))

    def state(self) -> dict[str, Any]:
        """The sums and their number."""
        return {"count": self.count, "total": self.total}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from such a state."""
        self.count = state["count"]
        self.total.copy_(state["total"])

    def non_finite(self) -> list[str]:
        """The tensors whose sums hold NaN or infinity: an entry of g shows on the diagonal of g gᵀ."""
        bad = (~diagonals(self.total).isfinite()).any(-1).nonzero().squeeze(-1)
        return self.layout.names_of(bad if self.chosen is None else self.chosen[bad])
