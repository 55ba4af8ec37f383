"""When weights change places in sparse training, and how many: what the configurations of regrowth methods share."""

from dataclasses import dataclass

from .core.errors import UsageError
from .schedules import CosineDrop
from .selection import LayerwiseConfig


@dataclass(frozen=True)
class ExchangeConfig(LayerwiseConfig):
    """Exchanges every so many steps.

    ``interval``: steps between exchanges; ``drop``: the first fraction of a layer's kept weights that is exchanged,
    lowered by a cosine; ``end``: the fraction of the run after which masks stay. ``allocation`` and ``scope``: how much
    each layer keeps.
    """

    interval: int = 100
    drop: float = 0.3
    end: float = 0.75

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.interval >= 1 and 0.0 < self.drop < 1.0 and 0.0 < self.end <= 1.0):
            raise UsageError(
                f"{type(self).__name__} needs interval >= 1, 0 < drop < 1 and 0 < end <= 1, "
                f"got {self.interval}, {self.drop} and {self.end}."
            )

    def is_due(self, done: int, total_steps: int) -> bool:
        """Whether weights change places after ``done`` of ``total_steps`` steps; never at the start nor the end."""
        return done % self.interval == 0 and 0 < done < self.last(total_steps)

    def last(self, total_steps: int) -> int:
        """The number of steps after which masks stay."""
        return round(self.end * total_steps)

    def fraction(self, done: int, total_steps: int) -> float:
        """The fraction of a layer's kept weights to exchange after ``done`` steps."""
        return CosineDrop(self.drop, self.last(total_steps)).fraction(done)
