"""From scores to masks: an allocation says how much each layer keeps, a scope which layers stay dense."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .allocation import BY_LAYER, Counts, Shapes, count_for
from .core.errors import UsageError
from .errors import MaskError
from .masks import Masks, keep_top_each, keep_top_global
from .scope import check_scope, left_dense
from .scores import layer_adaptive


@dataclass(frozen=True)
class LayerwiseConfig:
    """The part of a configuration that says how much each layer keeps, for masks that look at no score.

    ``allocation``: "uniform", "er" or "erk"; ``scope``: one of :data:`zoo.scope.SCOPES`. The sparsity counts over all
    prunable weights: layers that stay dense are paid for by the others.
    """

    allocation: str = "erk"
    scope: str = "all"

    def __post_init__(self) -> None:
        if self.allocation not in self.allocations():
            raise UsageError(
                f"{type(self).__name__} knows the allocations {', '.join(self.allocations())}, got {self.allocation!r}."
            )
        check_scope(self.scope)

    @classmethod
    def allocations(cls) -> tuple[str, ...]:
        """The names that ``allocation`` may have."""
        return tuple(BY_LAYER)

    def dense(self, shapes: Shapes) -> tuple[str, ...]:
        """The tensors that the scope leaves dense."""
        return left_dense(tuple(shapes), self.scope)

    def counts(self, shapes: Shapes, sparsity: float, limits: Mapping[str, int] | None = None) -> Counts:
        """Kept weights per tensor."""
        return BY_LAYER[self.allocation](shapes, sparsity, self.dense(shapes), limits)


@dataclass(frozen=True)
class SelectionConfig(LayerwiseConfig):
    """The part of a configuration that says which weights stay, given their scores.

    ``allocation`` adds "global" (one ranking over all layers) and "lamp" (one ranking of shares within the layers) to
    the allocations of :class:`LayerwiseConfig`.
    """

    allocation: str = "global"

    @classmethod
    def allocations(cls) -> tuple[str, ...]:
        """The names that ``allocation`` may have."""
        return ("global", *BY_LAYER, "lamp")

    def masks(self, scores: Mapping[str, Tensor], sparsity: float, within: Mapping[str, Tensor] | None = None) -> Masks:
        """Masks (True = kept) of exactly ``sparsity`` over all tensors of ``scores``, nested in ``within`` if given."""
        shapes = {name: tuple(score.shape) for name, score in scores.items()}
        if self.allocation in BY_LAYER:
            limits = None if within is None else {name: int(mask.sum()) for name, mask in within.items()}
            return keep_top_each(scores, self.counts(shapes, sparsity, limits), within)
        dense = self.dense(shapes)
        ranked = {name: score for name, score in scores.items() if name not in dense}
        count = count_for(sparsity, sum(score.numel() for score in scores.values())) - sum(
            scores[name].numel() for name in dense
        )
        if count < 0:
            raise MaskError(f"At sparsity {sparsity} the layers that stay dense ({', '.join(dense)}) keep too much.")
        kept = keep_top_global(layer_adaptive(ranked) if self.allocation == "lamp" else ranked, count, within)
        return {
            name: torch.ones_like(score, dtype=torch.bool) if name in dense else kept[name]
            for name, score in scores.items()
        }
