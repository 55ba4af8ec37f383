"""Every weight by itself: counts are exact to one weight."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..allocation import Shapes, count_for
from ..errors import MaskError
from ..masks import Masks, keep_top_each, keep_top_global
from ..patterns import UNSTRUCTURED, Unstructured
from ._structure import Quota


@dataclass(frozen=True)
class UnstructuredStructure:
    """See :class:`~zoo.structures.Structure`."""

    shapes: Shapes
    pattern: Unstructured = UNSTRUCTURED

    def masks(
        self, scores: Mapping[str, Tensor], sparsity: float, quota: Quota, within: Mapping[str, Tensor] | None = None
    ) -> Masks:
        """Exactly ``count_for(sparsity, all)`` weights stay."""
        return exact_masks(scores, sparsity, quota, within)

    def misfit(self, masks: Mapping[str, Tensor], sparsity: float) -> str | None:
        """Another number of weights."""
        kept = sum(int(mask.sum()) for mask in masks.values())
        wanted = count_for(sparsity, sum(mask.numel() for mask in masks.values()))
        return None if kept == wanted else f"not the {wanted} of sparsity {sparsity}"


def exact_masks(
    scores: Mapping[str, Tensor], sparsity: float, quota: Quota, within: Mapping[str, Tensor] | None = None
) -> Masks:
    """The highest scores of all tensors together, or of each by its count."""
    shapes = {name: tuple(score.shape) for name, score in scores.items()}
    dense = quota.dense(shapes)
    chosen = quota.ranked({name: score for name, score in scores.items() if name not in dense})
    if chosen is None:
        limits = None if within is None else {name: int(mask.sum()) for name, mask in within.items()}
        return keep_top_each(scores, quota.counts(shapes, sparsity, limits), within)
    count = count_for(sparsity, sum(score.numel() for score in scores.values())) - sum(
        scores[name].numel() for name in dense
    )
    if count < 0:
        raise MaskError(f"At sparsity {sparsity} the layers that stay dense ({', '.join(dense)}) keep too much.")
    kept = keep_top_global(chosen, count, within)
    return {
        name: torch.ones_like(score, dtype=torch.bool) if name in dense else kept[name]
        for name, score in scores.items()
    }
