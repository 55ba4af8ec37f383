"""Error change against sparsity, one line per method, labelled where it ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .scales import Scale, linear_scale, spread, symlog_scale
from .svg import described, element, signed

# Narrow enough for a phone: the page's style sheet makes the letters smaller where the picture is wide.
WIDTH, HEIGHT = 460, 262
LEFT, TOP, BOTTOM = 44, 36, 232
_LETTER = 7.6  # widest mean width of a label's letter, at the size that phones get
_LONGEST = 20
MOST_LINES = 12
"""More names than this do not fit beside each other."""
_TICKS = (-20.0, -10.0, -5.0, 0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)


@dataclass(frozen=True)
class LinePoint:
    """A checkpoint: sparsity as a fraction, value and interval in the axis' unit."""

    sparsity: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """One method; ``colour`` is a series class, ``m0`` to ``m7``."""

    label: str
    colour: str
    points: tuple[LinePoint, ...]


def sparsity_lines(
    title: str,
    lines: Sequence[Line],
    *,
    unit: str = "%",
    high: float = 100.0,
    highlighted: float | None = None,
    sparsities: Sequence[float] = (),
    others: Sequence[tuple[float, float]] = (),
) -> str:
    """The chart. The horizontal axis is the logarithm of density, so that each halving of the weights is one step.

    ``sparsities`` fixes the axis beyond what ``lines`` cover, so that two charts side by side share it; values above
    ``high`` are drawn at the edge with their number. There is room for the names of :data:`MOST_LINES`; the (sparsity,
    value) of ``others`` are pale dots.
    """
    shown = sorted({*sparsities, *(point.sparsity for line in lines for point in line.points)})
    if not shown:
        return ""
    x = density_axis(shown, WIDTH - 30 - longest_label(lines))
    y = symlog_scale(_floor(lines), high, BOTTOM - 10, TOP + 6)
    ends = [y(line.points[-1].value) for line in lines]
    places = spread([end + 4 for end in ends], 14.0, TOP + 4, BOTTOM - 2)
    drawn = [_line(line, x, y, unit) for line in lines]
    labels = [end_label(line, x, y, place) for line, place in zip(lines, places, strict=True)]
    return element(
        "svg",
        described(title, _words(lines, unit) + (f"; and {len(others)} pale dots without a name" if others else "")),
        element("text", text=title, class_="title", x=LEFT, y=18),
        _frame(x, y, shown, highlighted),
        _dots(others, x, y),
        *drawn,
        *labels,
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _dots(points: Sequence[tuple[float, float]], x: Scale, y: Scale) -> str:
    """One path of all of them: a line without length is drawn as its round cap."""
    at = {sparsity: f"{x(sparsity):.0f}" for sparsity, _ in points}
    places = dict.fromkeys(f"M{at[sparsity]} {y(value):.0f}h0" for sparsity, value in points)
    return element("path", class_="others", d="".join(places)) if places else ""


def longest_label(lines: Sequence[Line]) -> float:
    """The pixels that the labels at the right need."""
    return _LETTER * max((len(_short(line.label)) for line in lines), default=0)


def density_axis(shown: Sequence[float], right: float) -> Scale:
    """Each halving of the weights is one step; a single sparsity stands in the middle."""

    def transform(sparsity: float) -> float:
        return -math.log2(max(1.0 - sparsity, 1e-4))

    if len(shown) == 1:
        return linear_scale(shown[0] - 0.5, shown[0] + 0.5, LEFT + 10, right)
    return Scale(shown[0], shown[-1], LEFT + 10, right, transform)


def _floor(lines: Sequence[Line]) -> float:
    lowest = min(
        (point.value if point.low is None else point.low for line in lines for point in line.points), default=0.0
    )
    return min([tick for tick in _TICKS if tick < lowest] or [-20.0], key=lambda tick: abs(tick - min(lowest, -5.0)))


def _frame(x: Scale, y: Scale, shown: Sequence[float], highlighted: float | None) -> str:
    parts: list[str] = []
    if highlighted is not None and shown[0] <= highlighted <= shown[-1]:
        parts.append(
            element("rect", class_="band", x=x(highlighted) - 18, y=TOP - 6, width=36, height=BOTTOM - TOP + 6, rx=5)
        )
    for tick in _TICKS:
        if not y.clips(tick):
            kind = "zero" if tick == 0 else "grid"
            parts.append(element("line", class_=kind, x1=LEFT, x2=x.end + 6, y1=y(tick), y2=y(tick)))
            name = "dense" if tick == 0 else signed(tick, 0)
            parts.append(element("text", text=name, class_="tick", x=LEFT - 6, y=y(tick) + 4, text_anchor="end"))
    return "".join(parts) + density_ticks(x, shown)


def density_ticks(x: Scale, shown: Sequence[float]) -> str:
    """The sparsities under the axis, as many as have room, from the highest down."""
    parts, free = [], math.inf
    for sparsity in reversed(shown):
        text = f"{sparsity * 100:.3g} %"
        half = 3.3 * len(text)
        if x(sparsity) + half <= free:
            free = x(sparsity) - half - 4
            parts.append(element("text", text=text, class_="tick", x=x(sparsity), y=HEIGHT - 10, text_anchor="middle"))
    return "".join(parts)


def _line(line: Line, x: Scale, y: Scale, unit: str) -> str:
    path = " ".join(f"{x(point.sparsity):.1f},{y(point.value):.1f}" for point in line.points)
    parts = [element("polyline", points=path)] if len(line.points) > 1 else []
    for point in line.points:
        at, value = x(point.sparsity), point.value
        if point.low is not None and point.high is not None and not y.clips(value):
            parts.append(element("line", class_="ci", x1=at, x2=at, y1=y(point.low), y2=y(point.high)))
        words = _point_words(line.label, point, unit)
        parts.append(element("circle", element("title", text=words), cx=at, cy=y(value), r=3))
        if value > y.high:
            parts.append(
                element("text", text=f"{signed(value, 0)} ↑", class_="clip", x=at, y=y(value) - 7, text_anchor="middle")
            )
    return element("g", *parts, class_=f"series {line.colour}")


def end_label(line: Line, x: Scale, y: Scale, place: float) -> str:
    """The method's name at the right edge, with a leader where the line ended earlier or the label had to move."""
    end = line.points[-1]
    from_x, from_y = x(end.sparsity) + 5, y(end.value)
    left = x.end + 22
    leader = element("path", class_="leader", d=f"M{from_x:.1f} {from_y:.1f}L{left - 4} {place - 4:.1f}")
    label = element("text", text=_short(line.label), class_="label", x=left, y=place)
    return element("g", leader, label, class_=f"series {line.colour}")


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _point_words(label: str, point: LinePoint, unit: str) -> str:
    gap = f" {unit}" if unit else ""
    words = f"{label} at {point.sparsity * 100:.3g} % sparsity: {signed(point.value)}{gap}"
    if point.low is None or point.high is None:
        return f"{words}, no interval"
    return f"{words} ({signed(point.low)} to {signed(point.high)})"


def _words(lines: Sequence[Line], unit: str) -> str:
    return "; ".join(_point_words(line.label, point, unit) for line in lines for point in line.points)
