"""Explore: any number of the board against any other."""

import json
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from ..asked import asked_board
from ..board import Board
from ..context import PageContext
from ..exploring import (
    COLOURS,
    SCALES,
    Axes,
    Axis,
    Point,
    address,
    axes_of,
    parse,
    points_of,
)
from ..vega import drawn_scale, specification
from ..view import ALL
from ..web import render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class ExploreContext(PageContext):
    """The points, and the Vega-Lite ``specification`` that a script draws; the table says the same without it.

    ``options`` are (value, words) pairs by the name of a question, ``chosen`` the value of each; ``state`` is what the
    form carries on; ``download`` is the address of the specification as a file. ``no_log`` names the axes that cannot
    be logarithmic as was asked.
    """

    template: ClassVar[str] = "explore.html"

    board: Board
    x: Axis
    y: Axis
    points: tuple[Point, ...]
    options: dict[str, list[tuple[str, str]]]
    chosen: dict[str, str]
    state: dict[str, str]
    specification: str
    download: str
    no_log: list[str]


@router.get("/explore")
def show(request: Request) -> Response:
    """The chart of the query string."""
    query, axes = parse(request.query_params.multi_items())
    _, board = asked_board(request, query)
    return render(request, explore_context(board, axes))


def explore_context(board: Board, axes: Axes) -> ExploreContext:
    """Everything the page shows."""
    x, y, points = points_of(board, axes)
    choices = board.filters.choices
    scales_of = {"x": drawn_scale(x, axes.x_scale, points, "x"), "y": drawn_scale(y, axes.y_scale, points, "y")}
    named = [(axis.key, axis.label) for axis in dict.fromkeys((*axes_of(board), x, y))]
    scales = [(scale, scale) for scale in SCALES]
    return ExploreContext(
        title="Explore",
        here="explore",
        board=board,
        x=x,
        y=y,
        points=points,
        options={
            "x": named,
            "x_scale": scales,
            "y": named,
            "y_scale": scales,
            "colour": list(COLOURS.items()),
            "architecture": [(one.value, one.label) for one in choices.get("architecture", ())],
            "suite": [(one.value, one.label) for one in choices.get("suite", ())],
        },
        chosen={
            "x": x.key,
            "x_scale": scales_of["x"],
            "y": y.key,
            "y_scale": scales_of["y"],
            "colour": axes.colour,
            "architecture": board.filters.architecture or ALL,
            "suite": board.suite_ref,
        },
        state={
            name: value
            for name in ("sparsity", "budget", "trust", "q")
            if (value := getattr(board.query, name)) is not None
        },
        # Inside a script element: no "<" may end it.
        specification=json.dumps(specification(board, axes), ensure_ascii=False).replace("<", "\\u003c"),
        download=address(board.query, axes, "/api/v1/explore.vl.json"),
        no_log=[
            axis.title
            for axis, wanted, name in ((x, axes.x_scale, "x"), (y, axes.y_scale, "y"))
            if wanted == "log" != scales_of[name]
        ],
    )
