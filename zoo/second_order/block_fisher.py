"""The block-diagonal damped empirical Fisher of a model, inverted: the engine of the second-order methods.

    F = λI + (1/m) Σ g gᵀ per block of consecutive weights of one tensor

WoodFisher (arXiv 2004.14340) and the Optimal BERT Surgeon (arXiv 2203.07259) apply m rank-one updates to the inverse,
which moves the whole inverse through memory m times. Here the sums are accumulated by batched products over several
gradients and inverted once. Gradients are streamed; the memory is one float32 matrix of (weights × block size) entries.

Blocks whose digits single precision cannot hold are found (:mod:`.inverse`) and accumulated again in double precision,
from a second run of the stream, these blocks alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..core.errors import UsageError
from ..errors import LostDigitsError, NonFiniteGradientError
from .blocks import BlockLayout
from .chunks import over_chunks
from .gram import BlockGram
from .inverse import invert_damped_
from .surgeon import joint_update, saliency

Stream = Callable[[], Iterable[Mapping[str, Tensor]]]


@dataclass(frozen=True)
class BlockFisherInverse:
    """F⁻¹ by blocks: ``inverse`` in single precision, but the blocks ``refined`` in double precision apart."""

    layout: BlockLayout
    inverse: Float[Tensor, "blocks size size"]
    refined: Int[Tensor, " refined"]
    refined_inverse: Float[Tensor, "refined size size"]

    def dense(self) -> Float[Tensor, "blocks size size"]:
        """All blocks in double precision. Twice the memory: for small models and tests."""
        return self.inverse.double().index_copy(0, self.refined, self.refined_inverse)

    def saliency(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Per weight the least growth of the loss when it alone is removed; see :func:`.surgeon.saliency`."""
        matrix = self.layout.gather(weights)
        scores = saliency(matrix, self.inverse)
        scores[self.refined] = saliency(matrix[self.refined], self.refined_inverse).to(scores.dtype)
        return self.layout.scatter(scores)

    def joint_update(self, weights: Mapping[str, Tensor], pruned: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """New weights after all ``pruned`` ones (True) left; see :func:`.surgeon.joint_update`."""
        matrix, leaving = self.layout.gather(weights), self.layout.gather(pruned)
        result = matrix.clone()
        for blocks, rows, inverse in self._parts(leaving.any(-1)):

            def update(some: slice, blocks: Tensor = blocks, rows: Tensor = rows, inverse: Tensor = inverse) -> None:
                own = blocks[some]
                result[own] = joint_update(matrix[own], inverse[rows[some]], leaving[own]).to(result.dtype)

            over_chunks(update, len(blocks), self.layout.size)
        return self.layout.scatter(result)

    def _parts(self, touched: Bool[Tensor, " blocks"]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
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
    device: torch.device | str = "cpu",
) -> BlockFisherInverse:
    """Run ``stream()`` and invert what it gives: (λI + (1/m) Σ g gᵀ)⁻¹ for every block, m = number of gradients.

    Args:
        stream: Called once, and once more if some blocks need double precision; both runs must give the same gradients
            (dictionaries of (n, *shape) tensors, as :func:`.gradients.gradient_stream` does).
        layout: The blocks.
        damping: λ > 0, in the unit of squared gradients.
        device: Where the gradients are and the inverse shall be.

    Raises:
        UsageError: The damping is not positive, or the stream is empty.
        NonFiniteGradientError: A gradient holds NaN or infinity, or its square exceeds the number range.
        LostDigitsError: Double precision does not suffice either.
    """
    if not damping > 0:
        raise UsageError(f"The damping must be above zero, got {damping}.", "Papers use 1e-8 to 1e-5.")
    first = BlockGram(layout, device=device)
    refined = lost = _invert(stream, first, damping)
    again = BlockGram(layout, chosen=refined, dtype=torch.float64, device=device)
    if len(refined):
        lost = refined[_invert(stream, again, damping)]
    if len(lost):
        raise LostDigitsError(
            f"{len(lost)} Fisher blocks of {', '.join(layout.names_of(lost))} are too close to singular for a damping "
            f"of {damping:g} with {first.count} gradients: double precision does not hold their inverse.",
            "Use more damping, more gradients or smaller blocks.",
        )
    return BlockFisherInverse(layout, first.total, refined, again.total)


def _invert(stream: Stream, gram: BlockGram, damping: float) -> Int[Tensor, " lost"]:
    """Fill ``gram`` from the stream, invert it in place, and return the rows of it that lost their digits."""
    for gradients in stream():
        gram.add(gradients)
        del gradients  # frees the chunk before the stream makes the next one
    if gram.count == 0:
        raise UsageError("The Fisher needs at least one gradient, the stream gave none.")
    if names := gram.non_finite():
        raise NonFiniteGradientError(
            f"Gradients of {', '.join(names)} hold NaN or infinity, or values too large to square.",
            "Did training diverge? Check the loss and the learning rate.",
        )
    return invert_damped_(gram.total, gram.count, damping).nonzero().squeeze(-1)
