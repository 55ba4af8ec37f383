"""One method: its paper, and its checkpoints in every suite."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from registry.records import MethodRecord

from ..board import Board, Row, make_board
from ..catalogue import Catalogue
from ..context import PageContext
from ..drawing import board_charts, named_rows
from ..errors import NotFoundError
from ..suites_of import suites_of
from ..view import ALL, BoardQuery
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class MethodBoard:
    """The method's rows in one suite and architecture, and the charts that show it among the others."""

    board: Board
    architecture: str
    address: str
    rows: list[Row]
    charts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MethodContext(PageContext):
    """The page of a method; ``models`` counts its models, which the address ``search`` lists."""

    template: ClassVar[str] = "method.html"

    method: MethodRecord
    boards: tuple[MethodBoard, ...]
    models: int
    search: str


@router.get("/methods/{name}")
def show(request: Request, name: str) -> Response:
    """The page of a method's name."""
    catalogue = catalogue_of(request)
    if name not in catalogue.methods:
        near = get_close_matches(name, catalogue.methods, n=3, cutoff=0.4)
        raise NotFoundError(
            f"There is no method {name!r}.",
            f"Perhaps {', '.join(near)}?" if near else "All methods are listed at /methods.",
        )
    return render(request, method_context(catalogue, name))


def method_context(catalogue: Catalogue, name: str) -> MethodContext:
    """Everything the page shows."""
    mine = [model for model in catalogue.models.values() if model.method == name]
    pairs = dict.fromkeys((ref, model.architecture) for model in mine for ref in suites_of(catalogue, model.name))
    made = []
    for ref, architecture in pairs:
        query = BoardQuery(suite=ref, architecture=architecture, sparsity=ALL, sort="sparsity")
        board = make_board(catalogue, query)
        rows = [row for row in board.rows if row.entry.model.method == name]
        if rows:
            made.append(
                MethodBoard(
                    board=board,
                    architecture=board.filters.label("architecture"),
                    address=query.address(),
                    rows=rows,
                    charts=board_charts(board, named_rows(board, name)),
                )
            )
    method = catalogue.methods[name]
    return MethodContext(
        title=method.title,
        here="methods",
        method=method,
        boards=tuple(made),
        models=len(mine),
        search=f"/models?{urlencode({'q': f'method={name}'})}",
    )
