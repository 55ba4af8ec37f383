"""The board: the first page."""

from dataclasses import dataclass, replace
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.charts import StripCell, task_strip, task_strip_header, whisker_header

from ..asked import asked_board
from ..board import Board, Row
from ..caption import caption
from ..catalogue import Catalogue
from ..choosing import Wish
from ..context import PageContext, Trouble
from ..drawing import board_charts, named_rows, side_scale
from ..drawn_rows import DrawnRow, drawn_rows
from ..errors import BadTermsError
from ..filters import Choice
from ..headline import Headline, headline
from ..robustness_files import address_of
from ..table_files import LINKS
from ..view import ALL, DENSITIES, MOST_ROWS, BoardQuery, band_key
from ..web import render

router = APIRouter()
FILTERS = {
    "architecture": "Architecture", "sparsity": "Sparsity", "budget": "Training", "trust": "Trust", "suite": "Suite",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SortLink:
    """The link in a column's head: where it leads and what ``aria-sort`` says of the column now."""

    address: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Pager:
    """Rows ``first`` to ``last`` of ``total`` are shown; the addresses of the pages around, and of all rows at once."""

    first: int
    last: int
    total: int
    before: str | None
    after: str | None
    everything: str | None


@dataclass(frozen=True)
class Card:
    """A next step: a link with a line under it."""

    address: str
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class BoardContext(PageContext):
    """The board page.

    ``curves`` are the rows that ``charts`` name; ``drawn`` has the finished cells of a row by its name, ``heads`` maps
    a side's kind to the heads of its strip and its whiskers; ``key`` explains the squares; ``filters`` are (heading,
    (choice, address) pairs), ``sorts`` maps a column's key to its link; ``state`` is what a form must carry on,
    ``pager`` the pages around this one; ``exports`` are (name, address) pairs of the same view for programs. ``terms``
    stand in the box; with ``trouble`` they could not be understood, and the board is the one without them.
    """

    template: ClassVar[str] = "board.html"

    board: Board
    headline: Headline
    charts: tuple[str, ...]
    curves: tuple[Row, ...]
    drawn: dict[str, DrawnRow]
    heads: dict[str, tuple[str, str]]
    key: list[tuple[str, str]]
    filters: list[tuple[str, list[tuple[Choice, str]]]]
    sorts: dict[str, SortLink]
    state: dict[str, str]
    densities: tuple[str, ...]
    pager: Pager
    trusts: tuple[str, ...]
    caption: str
    cards: tuple[Card, ...]
    reset: str
    exports: list[tuple[str, str]]
    terms: str
    trouble: Trouble | None


@router.get("/")
def show(request: Request) -> Response:
    """The board of the query string."""
    asked = request.query_params.multi_items()
    try:
        catalogue, board = asked_board(request, BoardQuery.parse(asked))
    except BadTermsError as error:
        catalogue, board = asked_board(request, BoardQuery.parse(pair for pair in asked if pair[0] != "q"))
        context = board_context(catalogue, board)
        terms = request.query_params["q"]
        return render(request, replace(context, terms=terms, trouble=Trouble.of(error)), status=400)
    return render(request, board_context(catalogue, board))


def board_context(catalogue: Catalogue, board: Board) -> BoardContext:
    """Everything the page draws for one board."""
    scales = {side.kind: side_scale(side) for side in board.sides}
    drawn = drawn_rows(catalogue, board, (*board.page, *board.yardsticks))
    heads = {
        side.kind: (
            task_strip_header([column.task.name for column in side.columns]) if side.unit == "%" else "",
            whisker_header(scales[side.kind]),
        )
        for side in board.sides
    }
    first, curves = headline(board), named_rows(board)
    return BoardContext(
        title="Board",
        here="board",
        board=board,
        headline=first,
        charts=board_charts(board, curves),
        curves=curves,
        drawn=drawn,
        heads=heads,
        key=_key(board),
        filters=[(title, links) for name, title in FILTERS.items() if (links := _links(board, name))],
        sorts=_sorts(board),
        state=_state(board),
        densities=DENSITIES,
        pager=_pager(board),
        trusts=tuple(sorted({trust for row in board.rows for trust in row.trust})),
        caption=caption(board),
        cards=_cards(board),
        reset=BoardQuery(suite=board.suite_ref or None, sparsity=ALL).address(),
        exports=_exports(board),
        terms=board.query.q or "",
        trouble=None,
    )


def _links(board: Board, name: str) -> list[tuple[Choice, str]]:
    """A change of suite starts afresh: another suite has other architectures, bands and columns."""
    choices = board.filters.choices.get(name, ())
    if name == "suite":
        return [(choice, BoardQuery(suite=choice.value).address()) for choice in choices]
    base = replace(board.query, sparsity=None, budget=None) if name == "architecture" else board.query
    return [(choice, base.address(**{name: choice.value})) for choice in choices]


def _state(board: Board) -> dict[str, str]:
    """What the form of columns and terms keeps as it is."""
    kept = ("suite", "architecture", "sparsity", "budget", "trust", "sort")
    return {name: value for name in kept if (value := getattr(board.query, name)) is not None}


def _pager(board: Board) -> Pager:
    window, total, query = board.query.window(), len(board.rows), board.query
    page, size = window.start // (window.stop - window.start) + 1, window.stop - window.start
    return Pager(
        first=min(window.start + 1, total),
        last=min(window.stop, total),
        total=total,
        before=query.address(page=str(page - 1)) if page > 1 else None,
        after=query.address(page=str(page + 1)) if window.stop < total else None,
        everything=query.address(rows=str(min(total, MOST_ROWS))) if size < total and size < MOST_ROWS else None,
    )


def _exports(board: Board) -> list[tuple[str, str]]:
    """The whole view, not only its first page."""
    whole = replace(board.query, rows=None, density=None)
    return [(name, whole.address(f"/api/v1/board{ending}")) for name, ending in LINKS.items()]


def _sorts(board: Board) -> dict[str, SortLink]:
    now = board.query.sort
    keys = ["name", "sparsity", *(side.kind for side in board.sides), *(column.key for column in board.columns)]
    links = {}
    for key in keys:
        state = "ascending" if now == key else "descending" if now == f"-{key}" else "none"
        links[key] = SortLink(address=board.query.address(sort=f"-{key}" if now == key else key), state=state)
    return links


def _key(board: Board) -> list[tuple[str, str]]:
    """What the squares' colours say, each with the square itself; nothing where no square is drawn."""
    cells = [
        task for row in board.page for side in board.sides if side.unit == "%" for task in row.cells[side.kind].tasks
    ]
    if not cells:
        return []
    steps = [(-35.0, "at least 28 % less error"), (-5.0, "less"), (None, "cannot be told apart from dense")]
    steps += [(5.0, "more"), (35.0, "at least 28 % more error")]
    squares = [StripCell("", change or 0.0, change is not None, words) for change, words in steps]
    if any(cell.change is not None and cell.change.half is None for cell in cells):
        squares.append(StripCell("", 15.0, None, "pale: no interval"))
    return [(task_strip([square], square.text), square.text) for square in squares]


def _cards(board: Board) -> tuple[Card, ...]:
    """Where to go from here."""
    wish = Wish(
        suite=board.suite_ref or None,
        architecture=board.filters.architecture,
        sparsity=band_key(board.band) if board.band is not None else Wish.sparsity,
    )
    shifted = [column for column in board.optional if column.is_shifted]
    sets = "one shifted set is" if len(shifted) == 1 else f"{len(shifted)} shifted sets are"
    robustness = (
        f"{sets} measured in this suite"
        if shifted
        else "not measured in this suite yet: what is published of other models, and how to run it"
    )
    return (
        Card(wish.address, "Choose for me", "How sparse, frozen or fine-tuned, which licence? The best group, and why"),
        Card(address_of("/robustness", shifted[0].task) if shifted else "/robustness", "Robustness", robustness),
        Card("/status", "Submit a model", "prunarium check and submit org/name; what waits, and how it ended"),
        Card("/about#statistics", "What the intervals mean", "Protocols, ranks, trust levels, how to cite"),
    )
