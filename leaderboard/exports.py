"""A board as a file: CSV, Parquet, LaTeX and BibTeX of the same rows in the same order as the page."""

from collections.abc import Iterable
from typing import Any

from .answers import board_row
from .board import Board, Row
from .catalogue import Catalogue
from .facts import Fact
from .formats import mark
from .headline import headline
from .schemas import BoardRow, SideValue
from .table_files import bibtex_file, csv_file, latex_file, parquet_file


def board_csv(board: Board) -> bytes:
    """One line per row, the dense yardsticks last."""
    return csv_file(_columns(board), _lines(board))


def board_parquet(catalogue: Catalogue, board: Board, address: str) -> bytes:
    """The lines of the CSV as Parquet (zstd); where they come from is in the schema's metadata."""
    origin = {"suite": board.suite_ref, "catalogue": catalogue.version, "address": address}
    return parquet_file(_columns(board), _lines(board), origin)


def board_latex(catalogue: Catalogue, board: Board, address: str) -> bytes:
    """A ``tabular`` for the booktabs package, with intervals; its head says which view it is and how to cite it."""
    heads = ["Checkpoint", "Sparsity"]
    for side in board.sides:
        heads += [f"{side.short} Δ {side.unit}", "Rank"]
    heads += [f"{column.short} {column.unit}".strip() for column in board.columns]
    trusts = sorted({trust for row in board.shown for trust in row.trust})
    remarks = [
        address,
        f"{headline(board).title} Suite {board.suite_ref}, catalogue {catalogue.version}; {', '.join(trusts)}.",
        *(f"{mark(place)} {caveat}" for place, caveat in enumerate(board.caveats)),
    ]
    blocks = [[list(_cells(board, row)) for row in rows] for rows in (board.shown, board.yardsticks)]
    return latex_file(remarks, heads, blocks, left=2)


def board_bibtex(catalogue: Catalogue, board: Board, address: str) -> bytes:
    """The board itself, the paper of every method in it, and where reported numbers come from."""
    names = [model.name for row in (*board.shown, *board.yardsticks) for model in row.entry.models]
    title = f"Prunarium, suite {board.suite_ref or 'none'}"
    return bibtex_file(catalogue, names, title, headline(board).title, address)


def _columns(board: Board) -> list[str]:
    apart = ("trust", "models", "linear", "full", "facts")
    own = [name for name in BoardRow.model_fields if name not in apart]
    sides = [f"{kind}_{name}" for kind in ("linear", "full") for name in SideValue.model_fields if name != "tasks"]
    return [*own, "trust", "models", *sides, *(column.key for column in board.columns)]


def _lines(board: Board) -> list[dict[str, Any]]:
    return [_flat(board_row(board, row)) for row in (*board.shown, *board.yardsticks)]


def _flat(row: BoardRow) -> dict[str, Any]:
    plain = row.model_dump(exclude={"linear", "full", "facts", "models", "trust"})
    plain["trust"] = " ".join(row.trust)
    plain["models"] = " ".join(row.models)
    for kind, side in (("linear", row.linear), ("full", row.full)):
        values = (
            side.model_dump(exclude={"tasks"}) if side else dict.fromkeys(SideValue.model_fields.keys() - {"tasks"})
        )
        for name in SideValue.model_fields:
            if name != "tasks":
                plain[f"{kind}_{name}"] = values[name]
    for key, fact in row.facts.items():
        plain[key] = fact.value
    return plain


def _cells(board: Board, row: Row) -> Iterable[str]:
    yield row.title + ("" if row.caveat is None else mark(row.caveat))
    yield f"{row.entry.model.sparsity_target:.4g}"
    for side in board.sides:
        cell = row.cells[side.kind]
        yield "0" if cell.is_yardstick else f"{cell.text} {cell.spread}" if cell.change else "–"
        rank = row.ranks.get(side.kind)
        yield str(rank) if rank is not None else ""
    for column in board.columns:
        yield _fact(row.facts[column.key])


def _fact(fact: Fact) -> str:
    return "–" if fact.missing else f"{fact.text} {fact.small}".strip()


def board_file(catalogue: Catalogue, board: Board, ending: str, address: str) -> bytes:
    """The board in one of :data:`FORMATS`; ``address`` is that of the page."""
    if ending == "csv":
        return board_csv(board)
    made = {"parquet": board_parquet, "tex": board_latex, "bib": board_bibtex}[ending]
    return made(catalogue, board, address)
