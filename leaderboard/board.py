"""A board: the rows of a suite for one filter, ranked within that filter. Pure: catalogue and query in, values out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from registry.records import SuiteRecord

from .availability import Access, access
from .catalogue import Catalogue, Entry
from .cells import Side, SideCell, side_cell
from .errors import BadViewError
from .facts import Fact, entry_facts
from .filters import Filters, apply_filters, choose_suite, entries_with
from .ranking import Rank, ranks
from .sides import FactColumn, fact_columns, suite_sides
from .view import ALL, TRUST_LEVELS, BoardQuery, band_of


@dataclass(frozen=True)
class Row:
    """A checkpoint (or a group of replicates) on the board."""

    entry: Entry
    title: str
    family: str
    cells: dict[str, SideCell]
    ranks: dict[str, Rank | None]
    facts: dict[str, Fact]
    access: Access
    trust: tuple[str, ...]
    caveat: int | None = None

    @property
    def name(self) -> str:
        """What the row's link leads to."""
        return self.entry.model.name


@dataclass(frozen=True)
class Board:
    """What the page, the API, the exports and the terminal show: one value, four ways to print it.

    ``rows`` are in view, ``curves`` are those of all sparsities, ``yardsticks`` the dense ones; ``methods`` are all of
    the suite's, so that a method keeps its colour under every filter.
    """

    query: BoardQuery
    suite: SuiteRecord | None
    suite_ref: str
    sides: tuple[Side, ...]
    columns: tuple[FactColumn, ...]
    rows: tuple[Row, ...]
    yardsticks: tuple[Row, ...]
    curves: tuple[Row, ...]
    methods: tuple[str, ...]
    caveats: tuple[str, ...]
    filters: Filters

    @property
    def band(self) -> float | None:
        """The sparsity band in view; None when all are."""
        return self.filters.band


def make_board(catalogue: Catalogue, query: BoardQuery) -> Board:
    """The board that ``query`` asks for. Raises :class:`BadViewError` for an unknown suite or sorting."""
    suite_ref = choose_suite(catalogue, query.suite)
    if suite_ref is None:
        return Board(query, None, "", (), (), (), (), (), (), (), Filters(None, None, {}))
    suite = catalogue.suites[suite_ref]
    sides, facts = suite_sides(catalogue, suite), fact_columns(catalogue, suite)
    filters = apply_filters(catalogue, query, suite_ref)
    band, trusted = filters.band, TRUST_LEVELS[query.trust or ALL]
    everything = entries_with(catalogue, suite, trusted)
    entries = [entry for entry in everything if entry.model.architecture == filters.architecture]
    made = [_row(catalogue, entry, sides, facts, trusted) for entry in entries]
    pruned = [row for row in made if not row.entry.is_dense]
    shown = [row for row in pruned if band is None or band_of(row.entry.model.sparsity_target) == band]
    rows, caveats = _with_caveats(_ranked(shown, sides))
    return Board(
        query=query,
        suite=suite,
        suite_ref=suite_ref,
        sides=sides,
        columns=facts,
        rows=tuple(_sorted(rows, query.sort or (sides[0].kind if sides else "name"))),
        yardsticks=tuple(row for row in made if row.entry.is_dense),
        curves=tuple(pruned),
        methods=tuple(sorted({entry.model.method for entry in everything if not entry.is_dense})),
        caveats=caveats,
        filters=filters,
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


def _ranked(rows: Sequence[Row], sides: Sequence[Side]) -> list[Row]:
    by_side = {side.kind: ranks([row.cells[side.kind].change for row in rows]) for side in sides}
    return [
        replace(row, ranks={kind: column[index] for kind, column in by_side.items()}) for index, row in enumerate(rows)
    ]


def _with_caveats(rows: Sequence[Row]) -> tuple[list[Row], tuple[str, ...]]:
    """Number the caveats in the order of the rows, equal texts once."""
    texts = list(dict.fromkeys(row.entry.model.caveat for row in rows if row.entry.model.caveat))
    numbered = [
        replace(row, caveat=texts.index(row.entry.model.caveat)) if row.entry.model.caveat else row for row in rows
    ]
    return numbered, tuple(texts)


def _sorted(rows: Sequence[Row], sort: str) -> list[Row]:
    """By column key; rows without a value stand last whichever way the column is sorted."""
    descending, key = sort.startswith("-"), sort.removeprefix("-")
    value = _sort_value(rows, key)
    known = [row for row in rows if value(row) is not None]
    unknown = [row for row in rows if value(row) is None]
    known.sort(key=lambda row: row.name)
    known.sort(key=lambda row: value(row) or 0.0, reverse=descending)
    return known + unknown


def _sort_value(rows: Sequence[Row], key: str) -> Callable[[Row], float | None]:
    if key == "name":
        order = {row.name: float(place) for place, row in enumerate(sorted(rows, key=lambda row: row.title.lower()))}
        return lambda row: order[row.name]
    if key == "sparsity":
        return lambda row: row.entry.model.sparsity_target
    if rows and key in rows[0].cells:
        return lambda row: change.value if (change := row.cells[key].change) is not None else None
    if rows and key in rows[0].facts:
        return lambda row: row.facts[key].value
    if not rows:
        return lambda _: None
    known = ("name", "sparsity", *rows[0].cells, *rows[0].facts)
    raise BadViewError(f"This board cannot be sorted by {key!r}.", f"It has the columns {', '.join(known)}.")
