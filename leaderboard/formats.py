"""Numbers and names as people read them: real minus signs, no digit that the interval does not earn."""

import math

from registry import times
from registry.charts import number, signed

__all__ = [
    "bytes_of",
    "count_of",
    "decimals_earned",
    "decimals_for",
    "large",
    "mark",
    "number",
    "p_value",
    "percent",
    "percent_of",
    "signed",
    "unit_of",
    "when",
]


def decimals_for(half_width: float | None, fallback: int = 1) -> int:
    """How many decimals a value deserves beside ``± half_width``: the second significant digit of the half width.

    >>> decimals_for(12.3), decimals_for(1.43), decimals_for(0.23), decimals_for(0.04)
    (0, 1, 1, 2)
    """
    if half_width is None:
        return fallback
    return 0 if half_width >= 10 else 1 if half_width >= 0.095 else 2


def decimals_earned(half_width: float | None, fallback: int = 3) -> int:
    """Decimals for values of any size: two digits of a half width that begins below 3.55, else one.

    Source: the rounding rule of the Particle Data Group, Review of Particle Physics, section 5.3 of the introduction.

    >>> decimals_earned(0.0163), decimals_earned(0.0076), decimals_earned(14.0), decimals_earned(None)
    (3, 3, 0, 3)
    """
    if not half_width:
        return fallback
    place = math.floor(math.log10(half_width))
    return max(0, (1 if half_width / 10**place < 3.55 else 0) - place)


def unit_of(unit: str) -> str:
    """A metric's unit as a header says it; what the metric's title says already is left out.

    >>> unit_of("fraction"), unit_of("milliseconds"), unit_of("nats")
    ('%', 'ms', 'nats')
    """
    short = {"fraction": "%", "milliseconds": "ms", "bytes": "", "count": "", "parameters": ""}
    return short.get(unit, unit)


def p_value(p: float) -> str:
    """Two digits, and never a zero.

    >>> p_value(0.0321), p_value(0.00001), p_value(1.0)
    ('0.032', '< 0.0001', '1')
    """
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def percent(fraction: float | None, decimals: int = 1) -> str:
    """A fraction as a percentage without its sign, an en dash for None.

    >>> percent(0.74998)
    '75.0'
    """
    return "–" if fraction is None else number(fraction * 100, decimals)


def percent_of(sparsity: float) -> str:
    """A sparsity as people say it.

    >>> percent_of(0.9), percent_of(0.965)
    ('90 %', '96.5 %')
    """
    return f"{sparsity * 100:.4g} %"


def bytes_of(size: float | None) -> str:
    """Bytes with a decimal unit.

    >>> bytes_of(102_400), bytes_of(2_000_000)
    ('102 kB', '2.00 MB')
    """
    if size is None:
        return "–"
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{_three(value)} {unit}"
        value /= 1000
    return f"{_three(value)} GB"


def large(value: float | None) -> str:
    """Three digits with k, M, G or T.

    >>> large(24_000), large(4.09e9)
    ('24.0 k', '4.09 G')
    """
    if value is None:
        return "–"
    for factor, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{_three(value / factor)} {unit}"
    return f"{value:.3g}"


def mark(place: int) -> str:
    """The sign of a caveat, by its place among those of a table.

    >>> mark(0), mark(5)
    ('†', '‡')
    """
    return "†‡§¶"[place % 4]


def _three(value: float) -> str:
    """Three significant digits of a value from 1 to 999."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def count_of(value: float | None) -> str:
    """A count with thin spaces between thousands, an en dash for None."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u2009")


def when(at_us: int | None) -> str:
    """A database time as a UTC date and minute."""
    return "–" if not at_us else f"{times.when(at_us)} UTC"
