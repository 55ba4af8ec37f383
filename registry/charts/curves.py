"""A metric against sparsity, one line per method, on a linear axis: accuracy, likelihood or calibration as they are."""

from collections.abc import Sequence
from dataclasses import replace

from .lines import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Line, density_axis, density_ticks, end_label, longest_label
from .scales import Scale, linear_scale, round_ticks, spread, tick_text
from .svg import described, element, number


def sparsity_curves(
    title: str, lines: Sequence[Line], *, unit: str = "%", decimals: int = 1, dense: float | None = None
) -> str:
    """Values with their intervals over the logarithm of density; empty without points.

    The vertical axis holds all values and intervals, with round ticks, and starts at 0 only if a value is near it;
    ``dense`` is drawn across, what the dense model has: one of the values.
    """
    values = [
        edge
        for line in lines
        for point in line.points
        for edge in (point.value, point.low, point.high)
        if edge is not None
    ]
    if not values:
        return ""
    shown = sorted({point.sparsity for line in lines for point in line.points})
    x = density_axis(shown, WIDTH - 30 - longest_label(lines))
    ticks = round_ticks(min(values), max(values))
    y = linear_scale(ticks[0], ticks[-1], BOTTOM - 10, TOP + 6)
    sorted_lines = [replace(line, points=tuple(sorted(line.points, key=lambda p: p.sparsity))) for line in lines]
    places = spread([y(line.points[-1].value) + 4 for line in sorted_lines], 14.0, TOP + 4, BOTTOM - 2)
    words = "; ".join(_words(line, unit, decimals) for line in sorted_lines)
    return element(
        "svg",
        described(title, words),
        element("text", text=title, class_="title", x=0, y=18),
        *[_grid(tick, x, y, ticks) for tick in ticks],
        density_ticks(x, shown),
        *([] if dense is None else [_across(dense, x, y)]),
        *[_line(line, x, y, unit, decimals) for line in sorted_lines],
        *[end_label(line, x, y, place) for line, place in zip(sorted_lines, places, strict=True)],
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _grid(tick: float, x: Scale, y: Scale, ticks: Sequence[float]) -> str:
    return element("line", class_="grid", x1=LEFT, x2=x.end + 6, y1=y(tick), y2=y(tick)) + element(
        "text", text=tick_text(tick, ticks), class_="tick", x=LEFT - 6, y=y(tick) + 4, text_anchor="end"
    )


def _across(dense: float, x: Scale, y: Scale) -> str:
    return element(
        "line", element("title", text="the dense model"), class_="zero", x1=LEFT, x2=x.end + 6, y1=y(dense), y2=y(dense)
    )


def _line(line: Line, x: Scale, y: Scale, unit: str, decimals: int) -> str:
    path = " ".join(f"{x(point.sparsity):.1f},{y(point.value):.1f}" for point in line.points)
    parts = [element("polyline", points=path)] if len(line.points) > 1 else []
    for point in line.points:
        at = x(point.sparsity)
        if point.low is not None and point.high is not None:
            parts.append(element("line", class_="ci", x1=at, x2=at, y1=y(point.low), y2=y(point.high)))
        words = _words(replace(line, points=(point,)), unit, decimals)
        parts.append(element("circle", element("title", text=words), cx=at, cy=y(point.value), r=3))
    return element("g", *parts, class_=f"series {line.colour}")


def _words(line: Line, unit: str, decimals: int) -> str:
    gap = f" {unit}" if unit else ""
    return ", ".join(
        f"{line.label} at {point.sparsity * 100:.3g} % sparsity: {number(point.value, decimals)}{gap}"
        + (
            ""
            if point.low is None or point.high is None
            else f" ({number(point.low, decimals)} to {number(point.high, decimals)})"
        )
        for point in line.points
    )
