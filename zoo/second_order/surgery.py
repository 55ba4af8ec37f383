"""One change of masks by block Fisher: look at all blocks, decide, move what stays. As many blocks at a time as fit.

Where all inverses fit into memory, the Fisher is measured once. Else it is measured part by part, and each part twice:
which weights leave is known only when all blocks have been looked at.
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from ..masks import Masks
from .block_fisher import BlockFisherInverse, Update
from .blocks import BlockLayout
from .memory import available_bytes, check_memory

SHARE = 3
"""Inverses may take one part of so many of the free memory: lost blocks are measured again in twice the digits."""

Measure = Callable[[Int[Tensor, " part"] | None], BlockFisherInverse]
Look = Callable[[BlockFisherInverse, Tensor, Tensor], tuple[Tensor, ...]]
"""(inverse, weights, kept), all of one part -> matrices with a row for each of its blocks."""


class Surgery:
    """``weights`` and ``masks`` (True = kept) by name, as blocks; ``measure`` inverts some of them (None: all)."""

    def __init__(
        self, weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], layout: BlockLayout, measure: Measure
    ) -> None:
        self.layout = layout
        self.weights, self.kept = layout.gather(weights), layout.gather(masks)
        self._measure = measure
        self._parts: list[Tensor] | list[None] = parts_that_fit(layout, self.weights.device)
        self._fisher: BlockFisherInverse | None = None

    def look(self, see: Look) -> list[Shaped[Tensor, "blocks size"]]:
        """What ``see`` makes of all blocks."""
        seen = []
        for part in self._parts:
            fisher, rows = self._of(part), slice(None) if part is None else part
            seen.append(see(fisher, self.weights[rows], self.kept[rows]))
        return [torch.cat(column) for column in zip(*seen, strict=True)]

    def remove(self, masks: Masks, update: Update | None) -> dict[str, Tensor]:
        """New weights when what ``masks`` lack has left; those that stay move by ``update``, or not at all."""
        leaving = self.kept & ~self.layout.gather(masks)
        moved = self.weights.masked_fill(leaving, 0.0)
        if update is None:
            return self.layout.scatter(moved)
        for part in self._parts:
            rows = slice(None) if part is None else part
            moved[rows] = self._of(part).updated(self.weights[rows], leaving[rows], update)
        return self.layout.scatter(moved)

    def _of(self, part: Tensor | None) -> BlockFisherInverse:
        if len(self._parts) > 1:
            self._fisher = None  # before the next one is made
            return self._measure(part)
        if self._fisher is None:
            self._fisher = self._measure(part)
        return self._fisher


def parts_that_fit(layout: BlockLayout, device: torch.device) -> list[Tensor] | list[None]:
    """Numbers of the blocks that are measured together; ``[None]`` where all are.

    Raises :class:`~zoo.errors.TooLargeError` where not even one block fits.
    """
    block_bytes = 4 * layout.size**2
    check_memory(SHARE * block_bytes, device, f"One Fisher block of {layout.size:,} weights", "Use smaller blocks.")
    free = available_bytes(device)
    most = layout.blocks if free is None else free // SHARE // block_bytes
    return [None] if most >= layout.blocks else [part.to(device) for part in layout.parts(most)]
