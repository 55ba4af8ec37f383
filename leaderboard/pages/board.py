"""The board: the first page."""

from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.charts import StripCell, task_strip, task_strip_header, whisker_header

from ..board import Board, Row, make_board
from ..caption import caption
from ..context import PageContext
from ..drawing import board_charts, cell_strip, cell_whisker, side_scale
from ..filters import Choice
from ..headline import Headline, headline
from ..sides import FactColumn
from ..view import ALL, BoardQuery
from ..web import catalogue_of, render

router = APIRouter()
FILTERS = ("architecture", "sparsity", "trust", "suite")


@dataclass(frozen=True, kw_only=True)
class SortLink:
    """The link in a column's head: where it leads and what ``aria-sort`` says of the column now."""

    address: str
    state: str


@dataclass(frozen=True)
class Card:
    """A next step: a link with a line under it."""

    address: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class BoardContext(PageContext):
    """The board page.

    ``drawings`` maps a row's name and a side's kind to its strip and whisker, ``heads`` a side's kind to the heads of
    those two columns; ``key`` explains the squares; ``links`` maps a filter's name to (choice, address) pairs,
    ``sorts`` a column's key to its link; ``csv`` and ``json`` are the same view for programs.
    """

    template: ClassVar[str] = "board.html"

    board: Board
    headline: Headline
    charts: tuple[str, ...]
    drawings: dict[tuple[str, str], tuple[str, str]]
    heads: dict[str, tuple[str, str]]
    key: list[tuple[str, str]]
    links: dict[str, list[tuple[Choice, str]]]
    sorts: dict[str, SortLink]
    columns: tuple[FactColumn, ...]
    trusts: tuple[str, ...]
    caption: str
    cards: tuple[Card, ...]
    reset: str
    csv: str
    json: str


@router.get("/")
def show(request: Request) -> Response:
    """The board of the query string."""
    query = BoardQuery.parse(request.query_params.multi_items())
    board = make_board(catalogue_of(request), query)
    return render(request, board_context(board))


def board_context(board: Board) -> BoardContext:
    """Everything the page draws for one board."""
    scales = {side.kind: side_scale(side) for side in board.sides}
    drawings = {
        (row.name, side.kind): (
            cell_strip(row.cells[side.kind], side),
            cell_whisker(row.cells[side.kind], side, scales[side.kind]),
        )
        for row in board.rows
        for side in board.sides
    }
    heads = {
        side.kind: (
            task_strip_header([column.task.name for column in side.columns]) if side.unit == "%" else "",
            whisker_header(scales[side.kind]),
        )
        for side in board.sides
    }
    first = headline(board)
    return BoardContext(
        title="Board",
        here="board",
        board=board,
        headline=first,
        charts=board_charts(board),
        drawings=drawings,
        heads=heads,
        key=_key([strip for strip, _ in drawings.values() if strip]),
        links={name: _links(board, name) for name in FILTERS},
        sorts=_sorts(board),
        columns=board.columns,
        trusts=tuple(sorted({trust for row in board.rows for trust in row.trust})),
        caption=caption(board),
        cards=_cards(board),
        reset=BoardQuery(suite=board.suite_ref or None, sparsity=ALL).address(),
        csv=board.query.address("/api/v1/board.csv"),
        json=board.query.address("/api/v1/board"),
    )


def _links(board: Board, name: str) -> list[tuple[Choice, str]]:
    """A change of suite starts afresh: another suite has other architectures, bands and columns."""
    choices = board.filters.choices.get(name, ())
    if name == "suite":
        return [(choice, BoardQuery(suite=choice.value).address()) for choice in choices]
    base = replace(board.query, sparsity=None) if name == "architecture" else board.query
    return [(choice, replace(base, **{name: choice.value}).address()) for choice in choices]


def _sorts(board: Board) -> dict[str, SortLink]:
    now = board.query.sort or (board.sides[0].kind if board.sides else "name")
    keys = ["name", *(side.kind for side in board.sides), *(column.key for column in board.columns)]
    links = {}
    for key in keys:
        state = "ascending" if now == key else "descending" if now == f"-{key}" else "none"
        links[key] = SortLink(address=board.query.address(sort=f"-{key}" if now == key else key), state=state)
    return links


def _key(strips: list[str]) -> list[tuple[str, str]]:
    """What the squares' colours say, each with the square itself; nothing where no square is drawn."""
    if not strips:
        return []
    steps = [(-35.0, "at least 28 % less error"), (-5.0, "less"), (None, "cannot be told apart from dense")]
    steps += [(5.0, "more"), (35.0, "at least 28 % more error")]
    squares = [StripCell("", change or 0.0, change is not None, words) for change, words in steps]
    if any(" open" in strip for strip in strips):
        squares.append(StripCell("", 15.0, None, "pale: no interval"))
    return [(task_strip([square], square.text), square.text) for square in squares]


def _cards(board: Board) -> tuple[Card, ...]:
    """Where to go from here: the best rows, the API, what the numbers mean."""
    cards = []
    for side in board.sides:
        best = next((row for row in sorted(board.rows, key=lambda row: _worst(row, side.kind))), None)
        if best is not None and best.cells[side.kind].change is not None:
            cards.append(
                Card(f"/models/{best.name}", f"{side.short}: {best.title}", f"{best.entry.key}: results, how to get it")
            )
    cards.append(Card("/about#statistics", "What the intervals mean", "Protocols, ranks, trust levels, how to cite"))
    return tuple(cards)


def _worst(row: Row, kind: str) -> float:
    change = row.cells[kind].change
    return float("inf") if change is None else change.value
