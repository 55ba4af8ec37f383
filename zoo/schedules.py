"""When masks change, and to what: frozen values, pure functions of the step (counted from 0)."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, cos, log, pi

from .core.errors import UsageError


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
class CubicConfig:
    """The part of a method's configuration that says when it prunes, by fractions of a run of any length.

    ``begin`` and ``end``: fractions of the run; ``updates``: about how many times masks change; ``initial``: sparsity.
    """

    begin: float = 0.0
    end: float = 0.6
    updates: int = 8
    initial: float = 0.0

    def schedule(self, final: float, total_steps: int) -> Cubic:
        """The curve to ``final`` in a run of ``total_steps``."""
        final_step = max(0, total_steps - 1)  # a run without a step has one change
        first, last = round(self.begin * final_step), round(self.end * final_step)
        return Cubic(final, first, last, max(1, (last - first) // max(1, self.updates)), self.initial)


@dataclass(frozen=True)
class CosineDrop:
    """The fraction of kept weights exchanged at a regrowth update: ``f + (α - f)/2 (1 + cos(π t / T_end))``, then 0."""

    initial: float
    end: int
    floor: float = 0.0

    def fraction(self, step: int) -> float:
        """From ``initial`` at step 0 to ``floor`` just before ``end``, and 0 from there on."""
        swing = (self.initial - self.floor) / 2.0
        return self.floor + swing * (1.0 + cos(pi * step / self.end)) if step < self.end else 0.0


@dataclass(frozen=True)
class Geometric:
    """Rounds of pruning that each remove the same fraction of what is left: after ``r`` rounds ``(1 - rate)^r`` stays.

    The last round removes only what is missing to ``final``. Frankle & Carbin 2019 (arXiv 1803.03635): ``rate`` 0.2.
    """

    final: float
    rate: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.final < 1.0 and 0.0 < self.rate < 1.0):
            raise UsageError(
                f"Rounds remove a fraction between 0 and 1 until a sparsity below 1, got {self.rate} and {self.final}."
            )

    @property
    def exponent(self) -> float:
        """The real number of rounds to ``final``."""
        return log(1.0 - self.final) / log(1.0 - self.rate)

    @property
    def rounds(self) -> int:
        """How many rounds; a rounding error adds none."""
        return ceil(self.exponent - 1e-9)

    def target(self, done: int) -> float:
        """The sparsity after ``done`` rounds."""
        return self.final if done >= self.rounds else 1.0 - (1.0 - self.rate) ** done


@dataclass(frozen=True)
class Alternating:
    """Dense and compressed phases in turn; ``edges``: steps at which the phase changes, the first one to compressed.

    An odd number of edges ends compressed.
    """

    edges: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.edges) % 2 == 0 or any(after < before for before, after in pairwise(self.edges)):
            raise UsageError(f"Phases that end compressed change at an odd number of rising steps, got {self.edges}.")

    def is_compressed(self, step: int) -> bool:
        """Whether ``step`` trains the compressed network."""
        return sum(edge <= step for edge in self.edges) % 2 == 1


@dataclass(frozen=True)
class Rounds:
    """A run of one dense training and ``rounds`` more, each of which starts where the first was at ``start``.

    ``training`` is the length of one learning-rate schedule, ``start`` the step in it at which later trainings begin;
    what ``total`` has beyond whole trainings makes the first one longer. Raises :class:`UsageError` for a run that is
    too short. Source: Frankle et al. 2020 (arXiv 1912.05671, algorithm 2).
    """

    total: int
    rounds: int
    rewind: float

    def __post_init__(self) -> None:
        if self.training - self.start < 1:
            raise UsageError(
                f"{self.total} steps hold no {self.rounds + 1} trainings that start at {self.rewind:g} of the first.",
                "Train longer, or remove more in each round.",
            )

    @property
    def training(self) -> int:
        """Steps of one training from its beginning."""
        steps = int(self.total / (1.0 + self.rounds * (1.0 - self.rewind))) + 1
        while steps > 0 and steps + self.rounds * (steps - int(self.rewind * steps)) > self.total:
            steps -= 1
        return steps

    @property
    def start(self) -> int:
        """The step of a training at which every later one begins."""
        return int(self.rewind * self.training)

    @property
    def first(self) -> int:
        """Steps of the first training."""
        return self.total - self.rounds * (self.training - self.start)

    def position(self, step: int) -> tuple[int, int, int]:
        """(round, from 0; step in its learning-rate schedule; steps of that schedule) at ``step`` of the run."""
        if step < self.first:
            return 0, step, self.first
        number, inside = divmod(step - self.first, self.training - self.start)
        return number + 1, self.start + inside, self.training

    def ends_a_round(self, step: int) -> bool:
        """Whether a training ends with ``step`` that is not the last."""
        return step + 1 < self.total and self.position(step)[0] != self.position(step + 1)[0]
