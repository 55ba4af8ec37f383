"""Accuracy under shift against accuracy, with the line of ordinary models; what stands above it is robust."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .scales import Scale, spread
from .svg import described, element, number

WIDTH, HEIGHT = 460, 420
LEFT, RIGHT, TOP, BOTTOM = 52, 446, 62, 374
_TICKS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.9)
_GAP = 30.0  # pixels between tick labels
_NAMED = 3

Kind = Literal["standard", "dense", "pruned"]
_LEGEND: tuple[tuple[Kind, str], ...] = (
    ("standard", "fitted models"),
    ("dense", "dense models here"),
    ("pruned", "pruned models"),
)


@dataclass(frozen=True)
class ScatterPoint:
    """A model: accuracies as fractions, and how far above the line it is (None: it is not compared)."""

    label: str
    accuracy: float
    shifted: float
    kind: Kind
    above: float | None = None


@dataclass(frozen=True)
class LinePlace:
    """What the line expects at an accuracy, and the 95 % within which it knows itself and ordinary models scatter."""

    accuracy: float
    expected: float
    low: float
    high: float
    least: float
    most: float


def robustness_scatter(
    title: str, points: Sequence[ScatterPoint], line: Sequence[LinePlace], *, x_title: str, y_title: str
) -> str:
    """The chart; both axes are logits, in which the line is straight. Accuracies of 0 and 1 stand at the frame.

    Empty without points. The models furthest from the line have their names beside them.
    """
    if not points:
        return ""
    # Models stand first: a line may say 1 % where no model ever was.
    x = _axis([p.accuracy for p in points], LEFT, RIGHT)
    y = _axis([p.shifted for p in points], BOTTOM, TOP)
    inside = [place for place in line if not x.clips(place.accuracy)]
    kinds = Counter(point.kind for point in points)
    return element(
        "svg",
        described(title, "; ".join(_words(point) for point in points if point.kind != "standard")),
        element("text", text=title, class_="title", x=0, y=16),
        _legend(set(kinds), bool(inside)),
        _frame(x, y, x_title, y_title),
        *_line(inside, x, y),
        # The few lie above the many.
        *[_dot(point, x, y) for point in sorted(points, key=lambda p: -kinds[p.kind])],
        *_names(points, x, y),
        class_="chart scatter",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _axis(values: Sequence[float], start: float, end: float) -> Scale:
    """A logit axis with a margin of a twelfth on both sides."""
    inside = [value for value in values if 0 < value < 1] or [0.5]
    low, high = _logit(min(inside)), _logit(max(inside))
    margin = max((high - low) / 12, 0.1)
    return Scale(_expit(low - margin), _expit(high + margin), start, end, _logit)


def _frame(x: Scale, y: Scale, x_title: str, y_title: str) -> str:
    middle_x, middle_y = (LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2
    turned = f"rotate(-90 14 {middle_y:g})"
    return "".join(
        [
            *[_tick_of_x(tick, x(tick / 100)) for tick in _shown_ticks(x)],
            *[_tick_of_y(tick, y(tick / 100)) for tick in _shown_ticks(y)],
            element("text", text=x_title, class_="tick", x=middle_x, y=BOTTOM + 36, text_anchor="middle"),
            element("text", text=y_title, class_="tick", x=14, y=middle_y, text_anchor="middle", transform=turned),
        ]
    )


def _shown_ticks(scale: Scale) -> list[float]:
    """The round percentages inside the axis, as many as have room."""
    shown: list[float] = []
    for tick in _TICKS:
        inside = not scale.clips(tick / 100)
        if inside and (not shown or abs(scale(tick / 100) - scale(shown[-1] / 100)) >= _GAP):
            shown.append(tick)
    return shown


def _tick_of_x(tick: float, at: float) -> str:
    return element("line", class_="grid", x1=at, x2=at, y1=TOP, y2=BOTTOM) + element(
        "text", text=f"{tick:g}", class_="tick", x=at, y=BOTTOM + 16, text_anchor="middle"
    )


def _tick_of_y(tick: float, at: float) -> str:
    return element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=at, y2=at) + element(
        "text", text=f"{tick:g}", class_="tick", x=LEFT - 6, y=at + 4, text_anchor="end"
    )


def _line(places: Sequence[LinePlace], x: Scale, y: Scale) -> list[str]:
    if len(places) < 2:
        return []

    def path(side: str, backwards: bool = False) -> str:
        ordered = reversed(places) if backwards else places
        return " ".join(f"{x(place.accuracy):.1f},{y(getattr(place, side)):.1f}" for place in ordered)

    return [
        element("polygon", class_="scatter-band", points=f"{path('least')} {path('most', True)}"),
        element("polygon", class_="line-band", points=f"{path('low')} {path('high', True)}"),
        element("polyline", class_="fit", points=path("expected")),
    ]


def _dot(point: ScatterPoint, x: Scale, y: Scale) -> str:
    return element(
        "circle",
        element("title", text=_words(point)),
        class_=f"dot {point.kind}",
        cx=x(point.accuracy),
        cy=y(point.shifted),
        r=2.2 if point.kind == "standard" else 3.2,
    )


def _names(points: Sequence[ScatterPoint], x: Scale, y: Scale) -> list[str]:
    """The names of those furthest from the line, on the side of the frame that has room."""
    compared = [point for point in points if point.kind != "standard" and point.above is not None]
    chosen = sorted(compared, key=lambda point: -abs(point.above or 0.0))[:_NAMED]
    heights = spread([y(point.shifted) + 4 for point in chosen], 13.0, TOP + 10, BOTTOM - 4)
    return [_name(point, height, x, y) for point, height in zip(chosen, heights, strict=True)]


def _name(point: ScatterPoint, height: float, x: Scale, y: Scale) -> str:
    at = x(point.accuracy)
    left_half = at < (LEFT + RIGHT) / 2
    start = at + 9 if left_half else at - 9
    leader = f"M{at:.1f} {y(point.shifted):.1f}L{start + (-2 if left_half else 2):.1f} {height - 4:.1f}"
    label = point.label if len(point.label) <= 36 else f"{point.label[:35]}…"
    return element(
        "g",
        element("path", class_="leader", d=leader),
        element("text", text=label, class_="label", x=start, y=height, text_anchor="start" if left_half else "end"),
        class_="named",
    )


def _legend(kinds: set[Kind], with_line: bool) -> str:
    parts, at = [], 6.0
    for kind, words in _LEGEND:
        if kind in kinds:
            parts.append(element("circle", class_=f"dot {kind}", cx=at, cy=36, r=4))
            parts.append(element("text", text=words, class_="tick", x=at + 9, y=40))
            at += 24 + 6.4 * len(words)
    if with_line:
        parts.append(element("line", class_="fit", x1=at - 4, x2=at + 12, y1=36, y2=36))
        parts.append(element("text", text="line, 95 % of models", class_="tick", x=at + 18, y=40))
    return "".join(parts)


def _words(point: ScatterPoint) -> str:
    words = f"{point.label}: {point.accuracy * 100:.1f} %, under shift {point.shifted * 100:.1f} %"
    if point.above is None:
        return words
    return f"{words}, {number(abs(point.above) * 100)} points {'above' if point.above >= 0 else 'below'} the line"


def _logit(value: float) -> float:
    inside = min(max(value, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
