"""A board: the rows of a suite for one filter, ranked within that filter. Pure: catalogue and query in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from registry.records import SuiteRecord
from registry.statistics import resolved_front

from .availability import Access, access
from .catalogue import Catalogue, Entry
from .cells import Side, SideCell, side_cell
from .errors import BadViewError
from .facts import Fact, entry_facts
from .filters import Filters, Kept, apply_filters, choose_suite, entries_with
from .ranking import Rank, ranks
from .sides import FactColumn, fact_columns, suite_sides
from .view import ALL, NO_COLUMNS, TRUST_LEVELS, BoardQuery


@dataclass(frozen=True)
class Row:
    """A checkpoint (or a group of replicates) on the board; ``front`` is None where no interval lets one judge."""

    entry: Entry
    title: str
    family: str
    cells: dict[str, SideCell]
    ranks: dict[str, Rank | None]
    facts: dict[str, Fact]
    access: Access
    trust: tuple[str, ...]
    caveat: int | None = None
    front: bool | None = None

    @property
    def name(self) -> str:
        """What the row's link leads to."""
        return self.entry.model.name


@dataclass(frozen=True)
class Board:
    """What the page, the API, the exports and the terminal show: one value, four ways to print it.

    ``rows`` are in view, ``curves`` are those of all sparsities, ``yardsticks`` the dense ones; ``columns`` are shown,
    ``optional`` are all that there are; ``methods`` are all of the suite's, so that a method keeps its colour under
    every filter.
    """

    query: BoardQuery
    suite: SuiteRecord | None
    suite_ref: str
    sides: tuple[Side, ...]
    columns: tuple[FactColumn, ...]
    optional: tuple[FactColumn, ...]
    rows: tuple[Row, ...]
    yardsticks: tuple[Row, ...]
    curves: tuple[Row, ...]
    methods: tuple[str, ...]
    caveats: tuple[str, ...]
    filters: Filters

    @property
    def page(self) -> tuple[Row, ...]:
        """The rows of the page that is asked for; ranks and front are those of all ``rows``."""
        return self.rows[self.query.window()]

    @property
    def shown(self) -> tuple[Row, ...]:
        """What programs get: the page that is asked for, or else all rows."""
        return self.page if self.query.page or self.query.rows else self.rows

    @property
    def band(self) -> float | None:
        """The sparsity band in view; None when all are."""
        return self.filters.band


def make_board(catalogue: Catalogue, query: BoardQuery, found: frozenset[str] | None = None) -> Board:
    """The board that ``query`` asks for; ``found`` are the models that fit its terms, None without terms.

    Raises :class:`BadViewError` for an unknown suite, sorting or column.
    """
    suite_ref = choose_suite(catalogue, query.suite)
    if suite_ref is None:
        return Board(query, None, "", (), (), (), (), (), (), (), (), Filters(Kept(), {}))
    sides, facts = suite_columns(catalogue, suite_ref)
    filters = apply_filters(catalogue, query, suite_ref, found)
    trust, kept = query.trust or ALL, filters.kept
    everything = entries_with(catalogue, suite_ref, trust)
    curves = replace(kept, band=None).of(entry for entry in everything if not entry.is_dense)

    def rows_of(entries: Iterable[Entry]) -> list[Row]:
        return [_row_of(catalogue, entry, suite_ref, trust) for entry in entries]

    rows, caveats = _with_caveats(_placed(rows_of(kept.of(curves)), sides))
    return Board(
        query=query,
        suite=catalogue.suites[suite_ref],
        suite_ref=suite_ref,
        sides=sides,
        columns=_chosen_columns(query, facts),
        optional=facts,
        rows=tuple(_sorted(rows, query.sort, sides, facts)),
        yardsticks=tuple(rows_of(_yardsticks(catalogue, everything, rows, kept))),
        curves=tuple(rows_of(curves)),
        methods=tuple(sorted({entry.model.method for entry in everything if not entry.is_dense})),
        caveats=caveats,
        filters=filters,
    )


def _yardsticks(catalogue: Catalogue, everything: Sequence[Entry], rows: Sequence[Row], kept: Kept) -> Iterable[Entry]:
    """The dense entries of the architecture; with all of them in view, those that a row is compared with."""
    parents = {parent.name for row in rows for one in row.entry.models if (parent := catalogue.parent_of(one))}
    for entry in everything:
        if entry.is_dense and (
            any(model.name in parents for model in entry.models)
            if kept.architecture is None
            else entry.model.architecture == kept.architecture
        ):
            yield entry


def suite_columns(catalogue: Catalogue, suite_ref: str) -> tuple[tuple[Side, ...], tuple[FactColumn, ...]]:
    """The sides of a suite's board, and the columns beside them."""
    suite = catalogue.suites[suite_ref]
    return catalogue.derived(
        ("columns", suite_ref), lambda: (suite_sides(catalogue, suite), fact_columns(catalogue, suite))
    )


def _row_of(catalogue: Catalogue, entry: Entry, suite_ref: str, trust: str) -> Row:
    """The row before it is ranked: the same in every view of a suite, so that a view costs what it shows anew."""
    sides, facts = suite_columns(catalogue, suite_ref)
    return catalogue.derived(
        ("row", suite_ref, trust, entry.key), lambda: _row(catalogue, entry, sides, facts, TRUST_LEVELS[trust])
    )


def _row(
    catalogue: Catalogue,
    entry: Entry,
    sides: Sequence[Side],
    facts: Sequence[FactColumn],
    trusted: Sequence[str] | None,
) -> Row:
    model = entry.model
    method = catalogue.method_of(model)
    cells = {side.kind: side_cell(catalogue, entry, side, trusted) for side in sides}
    return Row(
        entry=entry,
        title=catalogue.method_title(model),
        family="parent" if entry.is_dense else method.family if method is not None else "of its author",
        cells=cells,
        ranks={},
        facts=entry_facts(catalogue, entry, facts, trusted),
        access=access(model, has_revision=model.name in catalogue.published),
        trust=tuple(sorted({trust for cell in cells.values() for trust in cell.trust})),
    )


def _placed(rows: Sequence[Row], sides: Sequence[Side]) -> list[Row]:
    """The rows with their ranks, and whether they are on the front, among themselves."""
    changes = {side.kind: [row.cells[side.kind].change for row in rows] for side in sides}
    by_side = {kind: ranks(column) for kind, column in changes.items()}
    front = resolved_front(
        [row.entry.model.sparsity_target for row in rows],
        [
            ([one.value if one else None for one in column], [one.own if one else None for one in column])
            for column in changes.values()
        ],
    )
    return [
        replace(row, ranks={kind: column[index] for kind, column in by_side.items()}, front=front[index])
        for index, row in enumerate(rows)
    ]


def _with_caveats(rows: Sequence[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """Number the caveats in the order of the rows, equal texts once."""
    texts = list(dict.fromkeys(row.entry.model.caveat for row in rows if row.entry.model.caveat))
    numbered = [
        replace(row, caveat=texts.index(row.entry.model.caveat)) if row.entry.model.caveat else row for row in rows
    ]
    return numbered, tuple(texts)


def _sorted(rows: Sequence[Row], sort: str | None, sides: Sequence[Side], facts: Sequence[FactColumn]) -> list[Row]:
    """By column key; rows without a value stand last whichever way the column is sorted.

    Without ``sort``, the front comes first, and the first side orders it and the rest.
    """
    descending, key = (sort or "").startswith("-"), (sort or "").removeprefix("-")
    if not key:
        return sorted(_sorted(rows, sides[0].kind if sides else "name", sides, facts), key=lambda row: not row.front)
    known = ("name", "sparsity", *(side.kind for side in sides), *(column.key for column in facts))
    if key not in known:
        raise BadViewError(f"This board cannot be sorted by {key!r}.", f"It has the columns {', '.join(known)}.")
    by_name = sorted(rows, key=lambda row: (row.title.lower(), row.name) if key == "name" else (row.name,))
    if key == "name":
        return by_name[::-1] if descending else by_name
    values = {row.name: _sort_value(row, key) for row in rows}
    measured = [row for row in by_name if values[row.name] is not None]
    measured.sort(key=lambda row: values[row.name] or 0.0, reverse=descending)
    return measured + [row for row in by_name if values[row.name] is None]


def _sort_value(row: Row, key: str) -> float | None:
    if key == "sparsity":
        return row.entry.model.sparsity_target
    if key in row.cells:
        change = row.cells[key].change
        return None if change is None else change.value
    return row.facts[key].value


def _chosen_columns(query: BoardQuery, facts: Sequence[FactColumn]) -> tuple[FactColumn, ...]:
    """Those of the address in its order, else the suite's own."""
    if query.columns is None:
        return tuple(column for column in facts if column.usual)
    known = {column.key: column for column in facts}
    wanted = query.columns.split(",") if query.columns != NO_COLUMNS else []
    unknown = [key for key in wanted if key not in known]
    if unknown:
        raise BadViewError(f"This board has no column {unknown[0]!r}.", f"It has {', '.join(known)}.")
    return tuple(known[key] for key in wanted)
