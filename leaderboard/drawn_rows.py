"""The rows of a board as HTML: what is the same in every view is drawn once and kept with the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from .board import Board, Row
from .catalogue import Catalogue
from .drawing import cell_strip, cell_whisker, side_scale
from .view import ALL
from .web import environment


@dataclass(frozen=True)
class DrawnRow:
    """Cells of each side by its kind (all but the rank, which depends on the view), of the facts, and of the link."""

    sides: dict[str, Markup]
    facts: Markup
    get: Markup


def drawn_rows(catalogue: Catalogue, board: Board, rows: Iterable[Row]) -> dict[str, DrawnRow]:
    """The drawn parts by the row's name."""
    view = board.suite_ref, board.query.trust or ALL, tuple(column.key for column in board.columns)
    return {
        row.name: catalogue.derived(("drawn", *view, row.entry.key), lambda row=row: _drawn(board, row))  # type: ignore[misc]
        for row in rows
    }


def _drawn(board: Board, row: Row) -> DrawnRow:
    macros = environment().get_template("row.html").module
    sides = {}
    for place, side in enumerate(board.sides):
        cell = row.cells[side.kind]
        strip, whisker = cell_strip(cell, side), cell_whisker(cell, side, side_scale(side))
        sides[side.kind] = macros.side(cell, side, place, strip, whisker)  # type: ignore[attr-defined]
    return DrawnRow(sides, macros.facts(row, board.columns), macros.get(row))  # type: ignore[attr-defined]
