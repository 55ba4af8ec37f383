"""The contract of all structures, and what they are told of an allocation."""

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor

from ..allocation import Counts, Shapes
from ..masks import Masks
from ..patterns import Pattern
from ..scores import Scores


@runtime_checkable
class Quota(Protocol):
    """How much each tensor keeps, as configurations say it (:class:`zoo.selection.SelectionConfig`)."""

    def dense(self, shapes: Shapes) -> tuple[str, ...]:
        """The tensors that stay dense."""

    def counts(
        self,
        shapes: Shapes,
        sparsity: float,
        limits: Mapping[str, int] | None = None,
        also_dense: Collection[str] = (),
    ) -> Counts:
        """Kept weights per tensor, where tensors are not ranked together; ``also_dense`` stay dense besides."""

    def ranked(self, scores: Scores) -> Scores | None:
        """Scores that one ranking over all tensors goes by; None where each tensor has its count."""


@runtime_checkable
class Structure(Protocol):
    """A pattern on the prunable tensors of one network."""

    @property
    def pattern(self) -> Pattern:
        """The pattern."""

    def masks(
        self, scores: Mapping[str, Tensor], sparsity: float, quota: Quota, within: Mapping[str, Tensor] | None = None
    ) -> Masks:
        """Masks (True = kept) of the highest scores, nested in ``within`` if given; ties as in :mod:`zoo.masks`.

        ``sparsity`` is the fraction of zeros over all tensors, on the way to which whole units leave: masks keep as few
        as they can without exceeding it. The sparsity of N:M follows from the pattern; on the way there see
        :class:`~zoo.structures.n_by_m.NByMStructure`.
        """

    def misfit(self, masks: Mapping[str, Tensor], sparsity: float) -> str | None:
        """What masks at the end of a run with this target are not, in words; None if all is well."""
