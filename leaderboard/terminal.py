"""The board in a terminal."""

from typing import Any

from .board import Board, Row
from .cells import Side


def text_rows(board: Board) -> list[dict[str, Any]]:
    """One mapping per row, the dense yardsticks last; keys as in :func:`text_columns`."""
    return [_row(board, row) for row in (*board.rows, *board.yardsticks)]


def text_columns(board: Board) -> dict[str, str]:
    """Field names and headings."""
    columns = {"name": "Checkpoint", "family": "Family"}
    for side in board.sides:
        columns[side.kind] = f"{side.short}, error Δ {side.unit}"
        columns[f"{side.kind}_rank"] = "Rank"
    return columns | {column.key: _heading(column.short, column.unit) for column in board.columns} | {"get": "Get it"}


def _row(board: Board, row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": row.entry.key, "family": row.family, "get": row.access.label}
    for side in board.sides:
        shown[side.kind] = _cell(row, side)
        rank = row.ranks.get(side.kind)
        shown[f"{side.kind}_rank"] = str(rank) if rank is not None else None
    for column in board.columns:
        fact = row.facts[column.key]
        shown[column.key] = None if fact.missing else f"{fact.text} {fact.small}".strip()
    return shown


def _cell(row: Row, side: Side) -> str:
    cell = row.cells[side.kind]
    if cell.is_yardstick:
        return "0" if cell.error is None else f"0 (error {cell.error * 100:.1f} %)"
    return cell.missing or "–" if cell.change is None else f"{cell.text} {cell.spread}"


def _heading(short: str, unit: str) -> str:
    return f"{short}, {unit}" if unit else short
