"""From a value to a pixel: linear or symmetric-logarithmic, clipped to the frame."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A monotone map from [low, high] in data units to [start, end] in pixels; values outside are clipped."""

    low: float
    high: float
    start: float
    end: float
    transform: Callable[[float], float]

    def __call__(self, value: float) -> float:
        """The pixel of ``value``; the nearer end of the frame when it lies outside."""
        bottom, top = self.transform(self.low), self.transform(self.high)
        share = (self.transform(min(max(value, self.low), self.high)) - bottom) / (top - bottom)
        return self.start + share * (self.end - self.start)

    def clips(self, value: float) -> bool:
        """Whether ``value`` lies outside the frame."""
        return not self.low <= value <= self.high


def linear_scale(low: float, high: float, start: float, end: float) -> Scale:
    """Equal steps of value are equal steps of pixels."""
    return Scale(low, high, start, end, float)


def symlog_scale(low: float, high: float, start: float, end: float, knee: float = 5.0) -> Scale:
    """Linear near zero, logarithmic beyond ``knee``: sign(v) · log(1 + |v| / knee).

    Error changes run from −20 to +400 %, and the interesting ones are within ±10: a linear axis would hide them.
    """
    return Scale(low, high, start, end, lambda value: math.copysign(math.log1p(abs(value) / knee), value))


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move label positions apart until neighbours are ``gap`` pixels away, in order and inside the frame.

    >>> spread([10, 11, 50], gap=12, low=0, high=100)
    [10, 22, 50]
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed: list[float] = []
    for index in order:
        floor = placed[-1] + gap if placed else low
        placed.append(max(positions[index], floor))
    ceiling = high
    for rank in range(len(placed) - 1, -1, -1):
        placed[rank] = min(placed[rank], ceiling)
        ceiling = placed[rank] - gap
    moved = [0.0] * len(positions)
    for rank, index in enumerate(order):
        moved[index] = placed[rank]
    return moved
