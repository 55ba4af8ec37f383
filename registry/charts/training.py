"""What a training run reports, over its course: one line per network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .lines import BOTTOM, HEIGHT, LEFT, TOP, WIDTH
from .scales import Scale, linear_scale, round_ticks, spread, tick_text
from .svg import described, element, number

_LETTER = 7.6


@dataclass(frozen=True)
class Course:
    """The ``values`` of a network at ``places`` of its run; ``colour`` is a series class, ``m0`` to ``m7``."""

    label: str
    colour: str
    places: tuple[float, ...]
    values: tuple[float, ...]


def training_curve(title: str, courses: Sequence[Course], *, place: str, unit: str, logarithmic: bool = False) -> str:
    """Values over ``place`` (epochs, a penalty), both axes with round ticks; empty without values.

    ``logarithmic``: places are positive and each factor of ten is one step.
    """
    drawn = [course for course in courses if course.values]
    if not drawn:
        return ""
    x = _across(drawn, WIDTH - 30 - _LETTER * max(len(course.label) for course in drawn), logarithmic)
    values = [value for course in drawn for value in course.values]
    ticks = round_ticks(min(values), max(values))
    y = linear_scale(ticks[0], ticks[-1], BOTTOM - 10, TOP + 6)
    places = spread([y(course.values[-1]) + 4 for course in drawn], 14.0, TOP + 4, BOTTOM - 2)
    words = "; ".join(
        f"{course.label}: from {number(course.values[0], 3)} to {number(course.values[-1], 3)} {unit}"
        for course in drawn
    )
    return element(
        "svg",
        described(title, words),
        element("text", text=title, class_="title", x=0, y=18),
        *[_grid(tick, x, y, ticks) for tick in ticks],
        *_below(x, place, logarithmic),
        *[_line(course, x, y) for course in drawn],
        *[_label(course, x, at) for course, at in zip(drawn, places, strict=True)],
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _across(courses: Sequence[Course], right: float, logarithmic: bool) -> Scale:
    found = [place for course in courses for place in course.places]
    low, high = min(found), max(found)
    if low == high:
        low, high = (low / 2, high * 2) if logarithmic else (low - 0.5, high + 0.5)
    return Scale(low, high, LEFT + 10, right, math.log10 if logarithmic else float)


def _grid(tick: float, x: Scale, y: Scale, ticks: Sequence[float]) -> str:
    return element("line", class_="grid", x1=LEFT, x2=x.end + 6, y1=y(tick), y2=y(tick)) + element(
        "text", text=tick_text(tick, ticks), class_="tick", x=LEFT - 6, y=y(tick) + 4, text_anchor="end"
    )


def _below(x: Scale, place: str, logarithmic: bool) -> list[str]:
    if logarithmic:
        ticks = [10.0**power for power in range(math.ceil(math.log10(x.low)), math.floor(math.log10(x.high)) + 1)]
    else:
        ticks = [tick for tick in round_ticks(x.low, x.high) if not x.clips(tick)]
    marks = [
        element("text", text=f"{tick:g}", class_="tick", x=x(tick), y=HEIGHT - 10, text_anchor="middle")
        for tick in ticks
    ]
    return [*marks, element("text", text=place, class_="tick", x=WIDTH, y=HEIGHT - 10, text_anchor="end")]


def _line(course: Course, x: Scale, y: Scale) -> str:
    points = list(zip(course.places, course.values, strict=True))
    path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in points)
    inside = element("polyline", points=path) if len(points) > 1 else ""
    last = element("circle", cx=x(points[-1][0]), cy=y(points[-1][1]), r=3)
    return element("g", inside, last, class_=f"series {course.colour}")


def _label(course: Course, x: Scale, at: float) -> str:
    text = element("text", text=course.label, class_="label", x=x.end + 12, y=at)
    return element("g", text, class_=f"series {course.colour}")
