"""The block-diagonal damped empirical Fisher of a model, inverted: the engine of the second-order methods.

    F = λI + (1/m) Σ g gᵀ per block of consecutive weights of one tensor

WoodFisher (arXiv 2004.14340) and the Optimal BERT Surgeon (arXiv 2203.07259) apply m rank-one updates to the inverse,
which moves the whole inverse through memory m times. Here the sums are accumulated by batched products over several
gradients and inverted once. Gradients are streamed; the memory is one matrix of (weights × block size) entries.

Blocks whose digits single precision cannot hold are found (:mod:`.inverse`) and accumulated again in double precision,
from a second run of the stream, these blocks alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..core.errors import UsageError
from ..errors import LostDigitsError, NonFiniteGradientError
from ..scratch import Slot
from .accumulate import Stream, accumulate
from .blocks import BlockLayout
from .chunks import over_chunks
from .gram import BlockGram
from .greedy import Removal, greedy_removal
from .inverse import invert_damped_
from .surgeon import joint_update, saliency

GREEDY_ELEMENTS = 2**20  # of a slice that is gone through once per weight of a block: what a cache holds

Update = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(weights, inverse, leaving) -> new weights, as :func:`.surgeon.joint_update`."""


@dataclass(frozen=True)
class BlockFisherInverse:
    """F⁻¹ of the layout's blocks ``chosen``: ``inverse`` as it was asked for, but the rows ``refined`` in double.

    Matrices of weights that go in and come out have a row for each of ``chosen``, as in ``layout.gather(...)[chosen]``.
    """

    layout: BlockLayout
    chosen: Int[Tensor, " chosen"]
    inverse: Float[Tensor, "chosen size size"]
    refined: Int[Tensor, " refined"]
    refined_inverse: Float[Tensor, "refined size size"]

    def dense(self) -> Float[Tensor, "chosen size size"]:
        """All blocks in double precision. Twice the memory: for small models and tests."""
        return self.inverse.double().index_copy(0, self.refined, self.refined_inverse)

    def saliency(self, weights: Float[Tensor, "chosen size"]) -> Float[Tensor, "chosen size"]:
        """Per weight the least growth of the loss when it alone is removed; see :func:`.surgeon.saliency`."""
        scores = saliency(weights, self.inverse)
        scores[self.refined] = saliency(weights[self.refined], self.refined_inverse).to(scores.dtype)
        return scores

    def updated(
        self, weights: Float[Tensor, "chosen size"], leaving: Bool[Tensor, "chosen size"], update: Update = joint_update
    ) -> Float[Tensor, "chosen size"]:
        """New weights after all ``leaving`` ones (True) left, by one of the updates of :mod:`.surgeon`."""
        result = weights.clone()
        for blocks, rows, inverse in self._parts(leaving.any(-1)):

            def work(some: slice, blocks: Tensor = blocks, rows: Tensor = rows, inverse: Tensor = inverse) -> None:
                own = blocks[some]
                result[own] = update(weights[own], inverse[rows[some]], leaving[own]).to(result.dtype)

            over_chunks(work, len(blocks), self.layout.size)
        return result

    def removal(
        self, weights: Float[Tensor, "chosen size"], kept: Bool[Tensor, "chosen size"], most: int | None = None
    ) -> Removal:
        """One ``kept`` weight after the other removed from every block; see :func:`.greedy.greedy_removal`."""
        result = Removal(
            torch.zeros_like(weights), torch.full(weights.shape, -1, dtype=torch.int32, device=weights.device)
        )
        for blocks, rows, inverse in self._parts(kept.any(-1)):

            def work(some: slice, blocks: Tensor = blocks, rows: Tensor = rows, inverse: Tensor = inverse) -> None:
                own = blocks[some]
                losses, order = greedy_removal(weights[own], inverse[rows[some]], kept[own], most)
                result.losses[own], result.order[own] = losses.to(weights.dtype), order

            over_chunks(work, len(blocks), self.layout.size, GREEDY_ELEMENTS)
        return result

    def _parts(self, touched: Bool[Tensor, " chosen"]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The ``touched`` blocks, with the rows of the tensor that holds their inverses: one triple per precision."""
        single = touched.clone()
        single[self.refined] = False
        blocks = single.nonzero().squeeze(-1)
        yield blocks, blocks, self.inverse
        rows = touched[self.refined].nonzero().squeeze(-1)
        yield self.refined[rows], rows, self.refined_inverse


def block_fisher_inverse(
    stream: Stream,
    layout: BlockLayout,
    damping: float,
    *,
    chosen: Int[Tensor, " chosen"] | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    slot: Callable[[str], Slot] | None = None,
) -> BlockFisherInverse:
    """Stream gradients and invert what they give: (λI + (1/m) Σ g gᵀ)⁻¹ for every block, m = number of gradients.

    Args:
        stream: Called once, and once more if some blocks need double precision.
        layout: The blocks.
        damping: λ > 0, in the unit of squared gradients.
        chosen: Numbers of the blocks to measure; None for all.
        dtype: torch.float32, or torch.float64 to measure everything in double precision at once.
        device: Where the gradients are and the inverse shall be.
        slot: From a name to where sums are kept while they are measured; None keeps nothing.

    Raises:
        UsageError: The damping is not positive, or the stream is empty.
        NonFiniteGradientError: A gradient holds NaN or infinity, or its square exceeds the number range.
        LostDigitsError: Double precision does not suffice either.
    """
    if not damping > 0:
        raise UsageError(f"The damping must be above zero, got {damping}.", "Papers use 1e-8 to 1e-5.")
    blocks = torch.arange(layout.blocks) if chosen is None else chosen
    blocks = blocks.to(device)
    first = BlockGram(layout, chosen=None if chosen is None else blocks, dtype=dtype, device=device)
    refined = lost = _invert(stream, first, damping, None if slot is None else slot("single"))
    if dtype == torch.float64:
        refined = refined[:0]
    again = BlockGram(layout, chosen=blocks[refined], dtype=torch.float64, device=device)
    if len(refined):
        lost = refined[_invert(stream, again, damping, None if slot is None else slot("double"))]
    if len(lost):
        raise LostDigitsError(
            f"{len(lost)} Fisher blocks of {', '.join(layout.names_of(blocks[lost]))} are too close to singular for a "
            f"damping of {damping:g} with {first.count} gradients: double precision does not hold their inverse.",
            "Use more damping, more gradients or smaller blocks.",
        )
    return BlockFisherInverse(layout, blocks, first.total, refined, again.total)


def _invert(stream: Stream, gram: BlockGram, damping: float, slot: Slot | None) -> Int[Tensor, " lost"]:
    """Fill ``gram`` from the stream, invert it in place, and return the rows of it that lost their digits."""
    accumulate(gram, stream, slot)
    if names := gram.non_finite():
        raise NonFiniteGradientError(
            f"Gradients of {', '.join(names)} hold NaN or infinity, or values too large to square.",
            "Did training diverge? Check the loss and the learning rate.",
        )
    return invert_damped_(gram.total, gram.count, damping).nonzero().squeeze(-1)
