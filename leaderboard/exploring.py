"""Free axes: the rows of a board as points. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from .board import Board, Row
from .errors import BadViewError
from .sides import FactColumn
from .view import ALL, BoardQuery

COLOURS = {"family": "Family", "method": "Method", "architecture": "Architecture", "trust": "Trust"}
SCALES = ("linear", "log", "symlog")


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What stands on the axes and in the colour; ``x`` and ``y`` are keys of :func:`axes_of`, None for the first two.

    A scale of None is symmetric-logarithmic for error changes in per cent, which run from −20 to 400, and else linear.
    """

    x: str | None = None
    y: str | None = None
    x_scale: str | None = None
    y_scale: str | None = None
    colour: str = "family"


@dataclass(frozen=True)
class Axis:
    """Something that a row has a number of, and the scale that shows it best; ``share``: a fraction, shown in %."""

    key: str
    title: str
    unit: str = ""
    scale: str = "linear"
    share: bool = False

    @property
    def label(self) -> str:
        """The title with its unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True)
class Point:
    """A row with a value on both axes; the ends are those of the intervals, None without one."""

    row: Row
    x: float
    y: float
    x_ends: tuple[float, float] | None
    y_ends: tuple[float, float] | None


def parse(parameters: Iterable[tuple[str, str]]) -> tuple[BoardQuery, Axes]:
    """The board and the axes of an address; all sparsities unless it says otherwise. Raises :class:`BadViewError`."""
    names = {field.name for field in fields(Axes)}
    pairs = [(name, value) for name, value in parameters if value]
    axes = Axes(**dict(pair for pair in pairs if pair[0] in names))
    for name in ("x_scale", "y_scale"):
        if getattr(axes, name) not in (None, *SCALES):
            raise BadViewError(f"There is no scale {getattr(axes, name)!r}.", f"Known: {', '.join(SCALES)}.")
    if axes.colour not in COLOURS:
        raise BadViewError(f"Points are not coloured by {axes.colour!r}.", f"By one of {', '.join(COLOURS)}.")
    query = BoardQuery.parse([pair for pair in pairs if pair[0] not in names])
    return (query if query.sparsity is not None else BoardQuery(**{**vars(query), "sparsity": ALL})), axes


def address(query: BoardQuery, axes: Axes, path: str = "/explore") -> str:
    """The page, or another form of it, with this state."""
    pairs = {**vars(query), **vars(axes)}
    return f"{path}?{urlencode({name: value for name, value in pairs.items() if value is not None})}"


def axes_of(board: Board) -> tuple[Axis, ...]:
    """Everything of which some row has a number."""
    return tuple(axis for axis in _all_axes(board) if any(_value(row, axis.key)[0] is not None for row in board.rows))


def _all_axes(board: Board) -> tuple[Axis, ...]:
    return (
        Axis("sparsity", "Sparsity", share=True),
        *(
            Axis(side.kind, f"{side.short}: error Δ", side.unit, "symlog" if side.unit == "%" else "linear")
            for side in board.sides
        ),
        *(_axis_of(column) for column in board.optional),
    )


def _axis_of(column: FactColumn) -> Axis:
    """What was measured is called by its task and metric, what is stated by the short name of its column."""
    title = column.title if column.task else column.short
    if column.unit == "%":
        return Axis(column.key, title, share=True)
    return Axis(column.key, title, "bytes" if column.key == "bytes" else column.unit)


def points_of(board: Board, axes: Axes) -> tuple[Axis, Axis, tuple[Point, ...]]:
    """Both axes and every row that has a value on each. Raises :class:`BadViewError` for an axis that there is not."""
    known = {axis.key: axis for axis in _all_axes(board)}
    wanted = [axes.x or "sparsity", axes.y or (board.sides[0].kind if board.sides else "sparsity")]
    for key in wanted:
        if key not in known:
            raise BadViewError(f"Nothing here is called {key!r}.", f"There are {', '.join(known)}.")
    found = []
    for row in board.rows:
        (x, x_ends), (y, y_ends) = (_value(row, key) for key in wanted)
        if x is not None and y is not None:
            found.append(Point(row, x, y, x_ends, y_ends))
    return known[wanted[0]], known[wanted[1]], tuple(found)


def _value(row: Row, key: str) -> tuple[float | None, tuple[float, float] | None]:
    if key == "sparsity":
        return row.entry.model.sparsity_target, None
    if key in row.cells:
        change = row.cells[key].change
        if change is None:
            return None, None
        return change.value, (change.low, change.high) if change.low is not None and change.high is not None else None
    return row.facts[key].value, None
