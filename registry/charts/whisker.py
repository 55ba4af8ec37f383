"""A dot with its interval, drawn small enough for a table cell, on one axis down the whole column."""

from dataclasses import dataclass
from functools import lru_cache

from .scales import Scale, linear_scale, symlog_scale
from .svg import coordinate, described, element, signed

WIDTH, HEIGHT, MIDDLE = 104, 30, 15
_TICKS = (-10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0, 20.0, 40.0)
_GAP = 21.0  # pixels between tick labels


@dataclass(frozen=True)
class Whisker:
    """What one cell draws: a value and its interval in the axis' unit, and (a tick) the median over tasks."""

    value: float
    low: float | None = None
    high: float | None = None
    median: float | None = None


@lru_cache
def whisker_scale(low: float, high: float, *, knee: float | None = None) -> Scale:
    """The axis that a column shares, linear or (with a ``knee``) symmetric-logarithmic; values beyond become arrows."""
    if knee is None:
        return linear_scale(low, high, 8.0, WIDTH - 9.0)
    return symlog_scale(low, high, 8.0, WIDTH - 9.0, knee)


def tone_of(low: float | None, high: float | None) -> str:
    """``better`` or ``worse`` when the interval excludes zero (smaller error change is better), else ``same``."""
    if low is None or high is None:
        return "same"
    return "better" if high < 0 else "worse" if low > 0 else "same"


def whisker(mark: Whisker, scale: Scale, label: str) -> str:
    """The cell: axis hairlines, bar from zero, interval, dot (or an arrow at the frame's end), median tick."""
    zero, at = scale(0.0), scale(mark.value)
    # Written out: a board draws hundreds of them.
    parts = [_hairlines(scale), _across("bar", min(zero, at), max(zero, at))]
    if mark.low is not None and mark.high is not None:
        left = scale(mark.low)
        parts.append(_across("ci", left, max(scale(mark.high), left + 0.8)))
    if mark.median is not None:
        x = coordinate(scale(mark.median))
        parts.append(f'<line class="median" x1="{x}" x2="{x}" y1="{MIDDLE - 6}" y2="{MIDDLE + 6}"/>')
    if scale.clips(mark.value):
        way = 1 if mark.value > 0 else -1
        parts.append(f'<path class="off" d="M{at - 4 * way:.1f} {MIDDLE - 5}l{7 * way} 5l{-7 * way} 5z"/>')
    else:
        parts.append(f'<circle cx="{coordinate(at)}" cy="{MIDDLE}" r="4.2"/>')
    return (
        f'<svg class="whisker {tone_of(mark.low, mark.high)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img">{described(label)}{"".join(parts)}</svg>'
    )


def _across(kind: str, left: float, right: float) -> str:
    return f'<line class="{kind}" x1="{coordinate(left)}" x2="{coordinate(right)}" y1="{MIDDLE}" y2="{MIDDLE}"/>'


@lru_cache
def _hairlines(scale: Scale) -> str:
    """The axis in every cell: the ticks in one path, and zero."""
    ticks = "".join(f"M{coordinate(scale(tick))} 0v{HEIGHT}" for tick in _ticks(scale))
    zero = element("line", class_="zero", x1=scale(0.0), x2=scale(0.0), y1=0, y2=HEIGHT)
    return element("path", class_="tick", d=ticks) + zero


def whisker_header(scale: Scale) -> str:
    """The axis itself, for the head of the column: tick values over the hairlines that run down the cells."""
    labels = [
        element("text", text=signed(tick, 0), x=scale(tick), y=12, text_anchor="middle") for tick in _ticks(scale, True)
    ]
    return element(
        "svg",
        *labels,
        class_="whisker axis",
        viewBox=f"0 0 {WIDTH} 16",
        width=WIDTH,
        height=16,
        aria_hidden="true",
    )


def _ticks(scale: Scale, with_zero: bool = False) -> list[float]:
    """Ticks inside the frame whose labels have room, from zero outwards; zero itself is drawn apart."""
    placed = [0.0]
    for tick in sorted(_TICKS, key=abs):
        if tick and not scale.clips(tick) and all(abs(scale(tick) - scale(other)) >= _GAP for other in placed):
            placed.append(tick)
    return sorted(placed) if with_zero else sorted(placed[1:])
