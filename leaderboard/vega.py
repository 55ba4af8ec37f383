"""A board's points as a Vega-Lite specification. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from .board import Board
from .exploring import COLOURS, Axes, Axis, Point, points_of
from .formats import percent_of

Letter = Literal["x", "y"]


def specification(board: Board, axes: Axes, base: str = "") -> dict[str, Any]:
    """A self-contained Vega-Lite 6 specification: points with their intervals; ``base`` stands before links."""
    x, y, points = points_of(board, axes)
    position = {"x": _position("x", x, axes.x_scale, points), "y": _position("y", y, axes.y_scale, points)}
    colour = {"field": axes.colour, "type": "nominal", "title": COLOURS[axes.colour], "scale": {"scheme": "tableau10"}}
    tip: list[dict[str, str]] = [
        {"field": name, "type": "nominal"} for name in ("checkpoint", "family", "architecture", "trust")
    ]
    tip += [{"field": name, "type": "quantitative", "title": axis.label} for name, axis in (("x", x), ("y", y))]
    # A colour has its shape too, and a point its name for who does not see it.
    dots = {
        "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
        "encoding": {
            **position, "color": colour, "shape": {key: colour[key] for key in ("field", "type", "title")},
            "tooltip": tip, "href": {"field": "page"}, "description": {"field": "words", "type": "nominal"},
        },
    }  # fmt: skip
    ends = {"x": [point.x_ends for point in points], "y": [point.y_ends for point in points]}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": f"{y.label} against {x.label}: {len(points)} checkpoints of {board.suite_ref}",
        "width": "container",
        "height": 440,
        "data": {"values": [_record(point, x, y, base) for point in points]},
        "layer": [
            *_zeros(board, {"x": x, "y": y}, position),
            *(_whiskers(name, position, colour) for name, found in ends.items() if any(found)),
            dots,
        ],
    }


def _position(name: Letter, axis: Axis, wanted: str | None, points: Sequence[Point]) -> dict[str, Any]:
    scale = drawn_scale(axis, wanted, points, name)
    ticks: dict[str, Any] = {"labelOverlap": "greedy"}
    if axis.share:
        ticks["format"] = ".3~%"
    ticks |= {"tickCount": 8} if scale == "linear" else {"values": _steps(_values(points, name))}
    return {
        "field": name,
        "type": "quantitative",
        "title": axis.label,
        "scale": {"type": scale, "zero": False} if scale == "linear" else {"type": scale, "nice": False, "padding": 12},
        "axis": ticks,
    }


def _said(axis: Axis, value: float) -> str:
    return percent_of(value) if axis.share else f"{value:.4g}"


def _whiskers(axis: str, position: dict[str, Any], colour: dict[str, Any]) -> dict[str, Any]:
    """Lines from one end of the interval to the other, along one axis, where there is one."""
    low = {**position[axis], "field": f"{axis}_low"}
    return {
        "transform": [{"filter": f"isValid(datum.{axis}_low)"}],
        "mark": {"type": "rule", "opacity": 0.45},
        "encoding": {**position, axis: low, f"{axis}2": {"field": f"{axis}_high"}, "color": colour},
    }


def drawn_scale(axis: Axis, wanted: str | None, points: Sequence[Point], name: Letter) -> str:
    """The scale of an axis; a logarithmic one has no place for zero and below, and is symmetric about zero then."""
    scale = wanted or axis.scale
    return "symlog" if scale == "log" and min(_values(points, name), default=1.0) <= 0 else scale


def _values(points: Iterable[Point], name: Letter) -> list[float]:
    """Everything that is drawn along an axis, the ends of intervals too."""
    found = [(point.x, point.x_ends) if name == "x" else (point.y, point.y_ends) for point in points]
    return [value for middle, ends in found for value in (middle, *(ends or ()))]


def _steps(values: Sequence[float]) -> list[float]:
    """1, 2 and 5 times the powers of ten that the values span, on both sides of zero where they are.

    >>> _steps([-3.0, 40.0])
    [-2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0, 20.0]
    """
    low, high = min(values, default=1.0), max(values, default=1.0)
    sizes = [abs(value) for value in values if value]
    first = 0 if low <= 0 else math.floor(math.log10(min(sizes, default=1.0)))
    last = math.floor(math.log10(max(sizes, default=1.0)))
    above = [float(f"{digit}e{power}") for power in range(first, last + 1) for digit in (1, 2, 5)]
    return [step for step in (*(-one for one in reversed(above)), 0.0, *above) if low <= step <= high]


def _zeros(board: Board, axes: Mapping[str, Axis], position: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A dashed line where an error is the dense parent's."""
    for name, axis in axes.items():
        if any(axis.key == side.kind for side in board.sides):
            place = {key: value for key, value in position[name].items() if key != "field"} | {"datum": 0}
            mark = {"type": "rule", "strokeDash": [4, 4], "opacity": 0.6, "aria": False}
            yield {"mark": mark, "encoding": {name: place}}


def _record(point: Point, x: Axis, y: Axis, base: str) -> dict[str, Any]:
    model = point.row.entry.model
    values = "; ".join(f"{axis.label}: {_said(axis, value)}" for axis, value in ((x, point.x), (y, point.y)))
    return {
        "words": f"{point.row.title} {percent_of(model.sparsity_target)}; {values}",
        "checkpoint": point.row.entry.key, "title": point.row.title, "method": model.method, "family": point.row.family,
        "architecture": model.architecture, "trust": " ".join(point.row.trust), "x": point.x, "y": point.y,
        "x_low": point.x_ends[0] if point.x_ends else None, "x_high": point.x_ends[1] if point.x_ends else None,
        "y_low": point.y_ends[0] if point.y_ends else None, "y_high": point.y_ends[1] if point.y_ends else None,
        "page": f"{base}/models/{point.row.name}",
    }  # fmt: skip
