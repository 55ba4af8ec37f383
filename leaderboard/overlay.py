"""A private model drawn among the public rows: a copy of the catalogue in memory with one model more. Pure."""

from dataclasses import dataclass, replace
from importlib.resources import files

from .board import Board, Row, make_board
from .catalogue import Catalogue
from .drawing import board_charts, named_rows
from .drawn_rows import drawn_rows
from .formats import percent_of
from .private_results import Private
from .sides import suite_cells
from .view import ALL, BoardQuery, band_key, band_of
from .web import environment


@dataclass(frozen=True)
class Overlay:
    """The board with the private row in it; ``sentences`` say where it stands on each side."""

    catalogue: Catalogue
    board: Board
    row: Row | None
    sentences: tuple[str, ...]


def overlay(
    catalogue: Catalogue, private: Private, *, suite: str | None = None, every_sparsity: bool = False
) -> Overlay:
    """The model on a suite's board (else on the one that it has most results of), in its own band or in all of them.

    Raises :class:`~leaderboard.errors.BadViewError` for an unknown suite.
    """
    model = private.model
    together = replace(
        catalogue,
        models={**catalogue.models, model.name: model},
        results=(*catalogue.results, *private.results),
    )
    band = ALL if every_sparsity else band_key(band_of(model.sparsity_target))
    query = BoardQuery(suite=suite or _fullest(catalogue, private), architecture=model.architecture, sparsity=band)
    board = make_board(together, query)
    row = next((row for row in board.rows if row.name == model.name), None)
    return Overlay(together, board, row, tuple(_sentences(board, row, private)))


def overlay_page(found: Overlay) -> str:
    """One HTML file that needs nothing else: style and pictures are inside, and nothing is a link."""
    board = found.board
    rows = (*board.rows, *board.yardsticks)
    template = environment().get_template("overlay.html")
    return template.render(
        style=files("leaderboard").joinpath("static", "site.css").read_text(encoding="utf-8"),
        sentences=found.sentences,
        charts=board_charts(board, named_rows(board, found.row.entry.model.method if found.row is not None else None)),
        board=board,
        rows=rows,
        drawn=drawn_rows(found.catalogue, board, rows),
        mine=found.row.name if found.row is not None else "",
        version=found.catalogue.version,
    )


def _fullest(catalogue: Catalogue, private: Private) -> str | None:
    """The suite with most cells that the model has a result of."""
    held = {(row.task, row.protocol) for row in private.results}
    filled = {
        ref: sum((task, protocol) in held for task, protocol, _ in suite_cells(suite))
        for ref, suite in catalogue.suites.items()
    }
    return max(filled, key=lambda ref: filled[ref], default=None)


def _sentences(board: Board, row: Row | None, private: Private) -> list[str]:
    where = f"at {percent_of(board.band)} sparsity" if board.band is not None else "at all sparsities"
    if row is None:
        return [f"It has no result in the suite {board.suite_ref or 'of this catalogue'}."]
    sentences = []
    for side in board.sides:
        cell, rank = row.cells[side.kind], row.ranks[side.kind]
        ranked = sum(one.ranks[side.kind] is not None for one in board.rows)
        if cell.change is None:
            sentences.append(f"{side.short}: {cell.missing}.")
        elif rank is None:
            sentences.append(f"{side.short}: error {cell.text} {side.unit} against dense, no interval and so no rank.")
        else:
            sentences.append(
                f"{side.short}: error {cell.text} {side.unit} {cell.spread} against dense, "
                f"rank {rank} of {ranked} {where}."
            )
    if len(board.rows) == 1:
        sentences.append(f"No public checkpoint of {private.model.architecture} stands {where} in {board.suite_ref}.")
    if private.unknown:
        sentences.append(f"{private.unknown} results on tasks that this catalogue does not know were left out.")
    return sentences
