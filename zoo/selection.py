"""From scores to masks: an allocation says how much each layer keeps, a scope which layers stay dense."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .allocation import BY_LAYER, Counts, Shapes
from .core.errors import UsageError
from .masks import Masks, keep_random
from .patterns import Unstructured
from .scope import check_scope, left_dense
from .scores import Scores, at_random, layer_adaptive
from .structures import Structure
from .structures.unstructured import exact_masks


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

    def counts(
        self,
        shapes: Shapes,
        sparsity: float,
        limits: Mapping[str, int] | None = None,
        also_dense: Collection[str] = (),
    ) -> Counts:
        """Kept weights per tensor; ``also_dense`` stay dense besides what the scope leaves dense."""
        return BY_LAYER[self.allocation](shapes, sparsity, (*self.dense(shapes), *also_dense), limits)

    def ranked(self, scores: Scores) -> Scores | None:  # noqa: ARG002 - see SelectionConfig
        """Scores that one ranking over all tensors goes by; None where each tensor has its count."""
        return None

    def drawn(
        self,
        shapes: Shapes,
        sparsity: float,
        generator: torch.Generator,
        structure: Structure,
        within: Mapping[str, Tensor] | None = None,
    ) -> Masks:
        """Random masks of ``sparsity``, every one with these counts equally likely; nested in ``within`` if given."""
        if within is None and isinstance(structure.pattern, Unstructured):
            return keep_random(shapes, self.counts(shapes, sparsity), generator)
        inside = None if within is None else {name: mask.cpu() for name, mask in within.items()}  # as the generator is
        return structure.masks(at_random(shapes, generator), sparsity, self, inside)


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

    def ranked(self, scores: Scores) -> Scores | None:
        """The scores themselves, or LAMP's shares."""
        if self.allocation == "lamp":
            return layer_adaptive(scores)
        return dict(scores) if self.allocation == "global" else None

    def masks(
        self,
        scores: Mapping[str, Tensor],
        sparsity: float,
        within: Mapping[str, Tensor] | None = None,
        structure: Structure | None = None,
    ) -> Masks:
        """Masks (True = kept) of ``sparsity`` over all tensors of ``scores``, nested in ``within`` if given.

        ``structure``: that of the run, ``pruner.structure``; None for masks without a pattern, which are exact.
        """
        if structure is None:
            return exact_masks(scores, sparsity, self, within)
        return structure.masks(scores, sparsity, self, within)
