"""From cells to pictures: which scale a side has, what a strip and a whisker say, the two charts above the table."""

from collections.abc import Sequence

from registry.charts import (
    MOST_LINES,
    Line,
    LinePoint,
    Scale,
    StripCell,
    Whisker,
    signed,
    sparsity_lines,
    task_strip,
    whisker,
    whisker_scale,
)

from .board import Board, Row
from .cells import Side, SideCell
from .changes import Change
from .view import band_of

SERIES = 8


def side_scale(side: Side) -> Scale:
    """The axis of a side's column of whiskers: per cent of error, or points of error."""
    return whisker_scale(-12.0, 60.0, knee=5.0) if side.unit == "%" else whisker_scale(-10.0, 30.0)


def points_scale() -> Scale:
    """The axis of pages about single tasks: points of error, fine near zero."""
    return whisker_scale(-12.0, 24.0, knee=1.0)


def points_whisker(change: Change) -> str:
    """A change in points of error, drawn."""
    spread = "no interval" if change.half is None else f"±{change.half:.2f}"
    mark = Whisker(change.value, change.low, change.high)
    return whisker(mark, points_scale(), f"{signed(change.value, 2)} points of error, {spread}")


def cell_strip(cell: SideCell, side: Side) -> str:
    """The squares of a row; none for a side of one task."""
    if side.unit != "%" or cell.is_yardstick:
        return ""
    squares = [
        StripCell(
            task.name,
            task.change.value if task.change else None,
            task.change.resolved if task.change and task.change.half is not None else None,
            task.text,
        )
        for task in cell.tasks
    ]
    return task_strip(squares, f"{side.title}: error change per task")


def cell_whisker(cell: SideCell, side: Side, scale: Scale) -> str:
    """The dot with its interval; empty where there is no value."""
    if cell.change is None:
        return ""
    mark = Whisker(cell.change.value, cell.change.low, cell.change.high, cell.median)
    unit = "%" if side.unit == "%" else "points"
    return whisker(mark, scale, f"{cell.text} {unit}, {cell.spread}")


def named_rows(board: Board, method: str | None = None) -> tuple[Row, ...]:
    """The rows that the charts draw as lines with names: those of ``method``, then of the table's first lines, as many
    as there is room for. A line is a method on an architecture."""
    lines = dict.fromkeys(map(_line_of, (*board.rows, *board.curves)))
    named = frozenset(sorted(lines, key=lambda line: line[0] != method)[:MOST_LINES])
    return tuple(row for row in board.curves if _line_of(row) in named)


def board_charts(board: Board, named: Sequence[Row]) -> tuple[str, ...]:
    """Error change against sparsity, one chart per side, on one horizontal axis; none without values.

    The ``named`` rows are lines, the rest of the curves pale dots.
    """
    sparsities = sorted({band_of(row.entry.model.sparsity_target) for row in board.curves})
    by_line: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(named, key=_line_of):
        by_line.setdefault(_line_of(row), []).append(row)
    others = [row for row in board.curves if _line_of(row) not in by_line]
    mixed = len({architecture for _, architecture in by_line}) > 1
    charts = []
    for side in board.sides:
        lines = [_line(rows, side, board.methods.index(method), mixed) for (method, _), rows in by_line.items()]
        drawn = [line for line in lines if line.points]
        if drawn:
            charts.append(
                sparsity_lines(
                    side.title,
                    drawn,
                    unit=side.unit,
                    high=100.0 if side.unit == "%" else 45.0,
                    highlighted=board.band,
                    sparsities=sparsities,
                    others=[
                        (band_of(row.entry.model.sparsity_target), change.value)
                        for row in others
                        if (change := row.cells[side.kind].change) is not None
                    ],
                )
            )
    return tuple(charts)


def _line_of(row: Row) -> tuple[str, str]:
    return row.entry.model.method, row.entry.model.architecture


def _line(rows: list[Row], side: Side, index: int, mixed: bool) -> Line:
    points = [
        LinePoint(band_of(row.entry.model.sparsity_target), change.value, change.low, change.high)
        for row in sorted(rows, key=lambda row: row.entry.model.sparsity_target)
        if (change := row.cells[side.kind].change) is not None
    ]
    label = f"{rows[0].title} {rows[0].entry.model.architecture}" if mixed else rows[0].title
    return Line(label, f"m{index % SERIES}", tuple(points))
