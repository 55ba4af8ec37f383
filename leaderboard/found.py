"""Models that a query found, as a table: the columns that the query asks for, and their cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from registry.query import FIELDS, Kind, MetricName, Query, Sort, kind_of
from registry.records import MetricMeant, ModelPage, ModelRow

from .availability import Access, access
from .catalogue import Catalogue
from .formats import bytes_of, large, number, percent, unit_of
from .results_table import result_lines

# What every table of models has, whatever was asked.
_ALWAYS = ("sparsity", "upstream_top1", "bytes")
_TITLES = {"sparsity": "Sparsity", "upstream_top1": "Upstream top-1", "bytes": "File"}


@dataclass(frozen=True, kw_only=True)
class FoundColumn:
    """``unit`` and ``meaning`` explain the title; ``address`` sorts by the column, ``state`` is its ``aria-sort``."""

    key: str
    title: str
    unit: str
    meaning: str
    address: str
    state: str


@dataclass(frozen=True)
class FoundCell:
    """A value, its spread in small type, and how the spread was made."""

    text: str
    small: str = ""
    how: str = ""


@dataclass(frozen=True, kw_only=True)
class FoundLine:
    """One model: the cells are in the order of the columns."""

    name: str
    method: str
    family: str
    cells: tuple[FoundCell, ...]
    access: Access


def found_columns(catalogue: Catalogue, query: Query, page: ModelPage) -> tuple[FoundColumn, ...]:
    """The usual columns, then those that the query names (texts such as the method stand in the row's head)."""
    named = [name for name in query.fields if name == "parent" or not _is_text(name)]
    return tuple(_column(catalogue, query, page, name) for name in dict.fromkeys((*_ALWAYS, *named)))


def found_lines(catalogue: Catalogue, columns: Sequence[FoundColumn], page: ModelPage) -> tuple[FoundLine, ...]:
    """One line for each model, in the query's order."""
    return tuple(_line(catalogue, columns, page, row) for row in page.rows)


def query_address(query: Query | str, path: str = "/models") -> str:
    """The address of a query's answer.

    >>> query_address("bytes<10MB")
    '/models?q=bytes%3C10MB'
    """
    return f"{path}?{urlencode({'q': str(query)})}"


def _column(catalogue: Catalogue, query: Query, page: ModelPage, name: str) -> FoundColumn:
    now = next((sort for sort in query.sort[:1] if sort.field == name), None)
    # The first click shows the most, of a text the beginning.
    turned = Sort(name, descending=not _is_text(name) if now is None else not now.descending)
    meant = page.metrics.get(name)
    return FoundColumn(
        key=name,
        title=_TITLES.get(name, name),
        unit=_unit(name, meant),
        meaning=_meaning(catalogue, name, meant),
        address=query_address(Query(query.terms, (turned,))),
        state="none" if now is None else "descending" if now.descending else "ascending",
    )


def _meaning(catalogue: Catalogue, name: str, meant: MetricMeant | None) -> str:
    if name in FIELDS:
        return FIELDS[name].meaning.replace("`", "")
    if meant is None:
        return "no model has a value"
    cell = _cell_of(meant)
    metric = catalogue.metrics.get(cell[2])
    return f"{metric.title}: {meant.reference}" if metric is not None else meant.reference


def _unit(name: str, meant: MetricMeant | None) -> str:
    if meant is not None:
        return unit_of(meant.unit)
    return "%" if kind_of(name) is Kind.FRACTION else ""


def _line(catalogue: Catalogue, columns: Sequence[FoundColumn], page: ModelPage, row: ModelRow) -> FoundLine:
    model = row.model
    method = catalogue.method_of(model)
    facts = {"sparsity": model.sparsity_target, "upstream_top1": model.upstream_top1} | dict(row.values)
    return FoundLine(
        name=model.name,
        method=catalogue.method_title(model),
        family=method.family if method is not None else "of its author",
        cells=tuple(
            _metric_cell(catalogue, model.name, facts.get(column.key), page.metrics.get(column.key))
            if column.key in page.metrics
            else FoundCell(_shown(column.key, facts.get(column.key)))
            for column in columns
        ),
        access=access(model, has_revision=row.values.get("bytes") is not None),
    )


def _metric_cell(catalogue: Catalogue, model: str, value: float | str | None, meant: MetricMeant | None) -> FoundCell:
    """The value with its interval, as everywhere on the site."""
    if meant is None or not isinstance(value, float):
        return FoundCell("–")
    results = catalogue.whole_cell(model, *_cell_of(meant))
    if not results:  # published since the site read the catalogue
        return FoundCell(percent(value) if meant.unit == "fraction" else number(value, 3))
    (line,) = result_lines(catalogue, results)
    return FoundCell(line.text, line.spread or "no interval", line.how)


def _cell_of(meant: MetricMeant) -> tuple[str, str, str]:
    """Task, protocol and metric with their versions."""
    name = MetricName.parse(meant.reference)
    if name is None:
        return "", "", ""
    return (
        f"{name.task}@{name.task_version}",
        f"{name.protocol}@{name.protocol_version}",
        f"{name.metric}@{name.metric_version}",
    )


def _shown(name: str, value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or "–"
    kind = FIELDS[name].kind
    if kind is Kind.FRACTION:
        return percent(value) if name == "upstream_top1" else f"{value * 100:.4g}"
    if kind is Kind.BYTES:
        return bytes_of(value)
    return f"{value:.4g}" if kind is Kind.NUMBER or value < 1000 else large(value)


def _is_text(name: str) -> bool:
    return name in FIELDS and FIELDS[name].kind.is_text
