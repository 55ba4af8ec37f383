"""From a value to a pixel: linear or symmetric-logarithmic, clipped to the frame."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from .svg import number


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
        bottom, height = self._transformed
        share = (self.transform(min(max(value, self.low), self.high)) - bottom) / height
        return self.start + share * (self.end - self.start)

    @cached_property
    def _transformed(self) -> tuple[float, float]:
        bottom = self.transform(self.low)
        return bottom, self.transform(self.high) - bottom

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


def round_ticks(low: float, high: float) -> list[float]:
    """Three to seven multiples of 1, 2 or 5 times a power of ten that hold both ends; 0 is one of them if it is near.

    >>> round_ticks(62.0, 76.4), round_ticks(3.0, 43.0)
    ([60.0, 65.0, 70.0, 75.0, 80.0], [0.0, 10.0, 20.0, 30.0, 40.0, 50.0])
    """
    span = max(high - low, abs(high) * 1e-3, 1e-9)
    if 0 <= low < span / 2:
        low, span = 0.0, max(high, 1e-9)
    power = 10.0 ** math.floor(math.log10(span))
    step = next(factor * power for factor in (0.2, 0.5, 1.0, 2.0, 5.0) if span / (factor * power) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, max(last, first + 1) + 1)]


def tick_text(tick: float, ticks: Sequence[float]) -> str:
    """A tick with as many decimals as the steps between ticks need, and a real minus sign."""
    decimals = max(0, -math.floor(math.log10(ticks[1] - ticks[0]) + 1e-9))
    return number(tick, decimals)
