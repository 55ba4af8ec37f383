"""When masks change, and to what: frozen values, pure functions of the step (counted from 0)."""

from dataclasses import dataclass
from math import cos, pi
from typing import Protocol

from .core.errors import UsageError


class Schedule(Protocol):
    """When to prune, and to which sparsity (fraction of zeros)."""

    def is_update(self, step: int) -> bool:
        """Whether masks change at this step."""

    def target(self, step: int) -> float:
        """The sparsity that holds after this step's update, if there is one."""


@dataclass(frozen=True)
class OneShot:
    """Everything at one step."""

    final: float
    at: int = 0

    def is_update(self, step: int) -> bool:
        """True at step ``at`` only."""
        return step == self.at

    def target(self, step: int) -> float:
        """0 before, ``final`` from then on."""
        return self.final if step >= self.at else 0.0


@dataclass(frozen=True)
class Cubic:
    """``s_f + (s_i - s_f) (1 - u)^3`` with ``u`` from 0 at ``begin`` to 1 at ``end`` (Zhu & Gupta, arXiv 1710.01878).

    Masks change every ``every`` steps from ``begin`` on and at ``end`` itself, so that ``final`` is met whatever
    ``every`` divides.
    """

    final: float
    begin: int
    end: int
    every: int = 1
    initial: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.begin <= self.end and self.every >= 1):
            raise UsageError(
                f"A cubic schedule needs 0 <= begin <= end and every >= 1, got begin={self.begin}, end={self.end}, "
                f"every={self.every}."
            )
        if not 0.0 <= self.initial <= self.final <= 1.0:
            raise UsageError(
                f"A cubic schedule rises from 0 <= initial to final <= 1, got {self.initial}, {self.final}."
            )

    @classmethod
    def over_run(
        cls,
        final: float,
        total_steps: int,
        *,
        begin: float = 0.0,
        end: float = 0.6,
        updates: int = 20,
        initial: float = 0.0,
    ) -> "Cubic":
        """A schedule by fractions of a run: from ``begin`` to ``end``, in about ``updates`` mask changes."""
        first, last = round(begin * (total_steps - 1)), round(end * (total_steps - 1))
        return cls(final, first, last, max(1, (last - first) // max(1, updates)), initial)

    def is_update(self, step: int) -> bool:
        """True every ``every`` steps from ``begin`` to ``end``, and at ``end``."""
        return self.begin <= step <= self.end and ((step - self.begin) % self.every == 0 or step == self.end)

    def target(self, step: int) -> float:
        """The curve's value; ``initial`` before ``begin``, ``final`` from ``end`` on."""
        if step >= self.end:
            return self.final
        if step <= self.begin:
            return self.initial
        u = (step - self.begin) / (self.end - self.begin)
        return self.final + (self.initial - self.final) * (1.0 - u) ** 3


@dataclass(frozen=True)
class CosineDrop:
    """The fraction of kept weights exchanged at a regrowth update: ``α/2 (1 + cos(π t / T_end))``, then 0."""

    initial: float
    end: int

    def fraction(self, step: int) -> float:
        """Between ``initial`` at step 0 and 0 from ``end`` on."""
        return self.initial / 2.0 * (1.0 + cos(pi * step / self.end)) if step < self.end else 0.0
