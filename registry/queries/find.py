"""A query of :mod:`registry.query` as SQL: the database filters, orders and pages; no row is judged in Python."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, SQLColumnExpression, cast, func, null, select
from sqlalchemy.orm import Session

from ..db.models import Model
from ..errors import UnknownRecordError
from ..query import FIELDS, Comparison, MetricName, Query, Range, Sort, Word, parse
from ..query.scanner import pointing
from ..records import ModelPage, ModelRow
from ._conditions import MetricValue, condition
from ._fields import COLUMNS, NAME, PARENT_NAME, joined, metric_value
from ._metric_cells import MetricCell, metric_cell
from ._near import near_misses
from ._text import bytewise
from .models import default_order, is_shown, model_record

_MOST_METRICS = 8  # each is looked up for every model


def find_models(
    session: Session,
    query: Query | str = "",
    *,
    limit: int = 50,
    offset: int = 0,
    show: Iterable[str] = ("bytes",),
    only_shown: bool = False,
) -> ModelPage:
    """The models that fit a query, in its order; rows have the values of the fields to ``show`` and of the query's own.

    ``only_shown``: of the models that everybody may see. Raises :class:`~registry.errors.QueryError` for what cannot be
    parsed and for metrics that the catalogue does not have.
    """
    asked = _asked(session, query, tuple(show), only_shown=only_shown)
    order = [*(asked.order(sort) for sort in asked.query.sort), *default_order()]
    # Counted in the same pass, because judging a metric of every model is what takes time.
    statement = asked.narrow(select(Model.id, func.count().over()))
    found = session.execute(statement.order_by(*order).limit(limit).offset(offset)).all()
    ids = [number for number, _ in found]
    total = found[0][1] if found else 0
    if not found and offset:
        everything = asked.narrow(select(Model.id)).subquery()
        total = session.execute(select(func.count()).select_from(everything)).scalar_one()
    return ModelPage(
        rows=_rows(session, asked, ids),
        total=total,
        metrics={name: cell.meant if cell else None for name, cell in asked.cells.items()},
        notes=() if total else near_misses(session, asked.query),
    )


def matching_models(session: Session, query: Query | str) -> frozenset[str]:
    """The names of all models that fit a query. Raises as :func:`find_models` does."""
    asked = _asked(session, query, ())
    return frozenset(session.execute(asked.narrow(select(NAME))).scalars())


def field_values(session: Session, field: str) -> dict[str, Any]:
    """The value of one field of :data:`registry.query.FIELDS` by the model's name; models without one are left out."""
    column = COLUMNS[field][0]
    statement = joined(select(NAME, column), (field,)).where(column.is_not(None))
    return dict(session.execute(statement).all())


@dataclass(frozen=True)
class _Asked:
    """A query with the cells of the catalogue that its metrics mean, and the fields whose values are shown."""

    query: Query
    cells: dict[str, MetricCell | None]
    metrics: dict[str, MetricValue]
    shown: tuple[str, ...]
    only_shown: bool

    def narrow(self, statement: Any) -> Select[Any]:
        """The statement with the tables and the conditions of the query."""
        conditions = [condition(term, self.metrics) for term in self.query.terms]
        return joined(statement, self.query.fields).where(*conditions, *([is_shown()] if self.only_shown else ()))

    def order(self, sort: Sort) -> ColumnElement[Any]:
        """Unknown values last; means are equal when they differ by rounding only."""
        column: SQLColumnExpression[Any] = self.column(sort.field)
        if sort.field in self.cells:
            column = func.round(column * 1e9)
        elif FIELDS[sort.field].kind.is_text:
            column = bytewise(column)
        return (column.desc() if sort.descending else column.asc()).nulls_last()

    def column(self, name: str) -> SQLColumnExpression[Any]:
        """The value of a field that is shown or ordered by."""
        if name in ("name", "parent"):
            return NAME if name == "name" else PARENT_NAME
        if name in COLUMNS:
            return COLUMNS[name][0]
        return self.metrics[name].column if name in self.metrics else cast(null(), Double)


def _asked(session: Session, query: Query | str, show: tuple[str, ...], *, only_shown: bool = False) -> _Asked:
    # From a text, so that the places in messages are right.
    query = parse(query if isinstance(query, str) else query.text or str(query))
    cells = _cells(session, query)
    metrics = {
        name: MetricValue(metric_value(cell), cell.meant.unit == "fraction") for name, cell in cells.items() if cell
    }
    shown = dict.fromkeys((*show, *query.fields))
    return _Asked(
        query, cells, metrics, tuple(name for name in shown if name not in ("trust", "trained_on")), only_shown
    )


def _rows(session: Session, asked: _Asked, ids: Sequence[int]) -> tuple[ModelRow, ...]:
    """One page, in its order: what is shown is computed for its models alone."""
    columns: list[Any] = [asked.column(name).label(f"value_{place}") for place, name in enumerate(asked.shown)]
    statement = joined(select(Model, PARENT_NAME, *columns), (*asked.shown, *asked.cells)).where(Model.id.in_(ids))
    found = {
        model.id: ModelRow(model=model_record(model, parent), values=dict(zip(asked.shown, values, strict=True)))
        for model, parent, *values in session.execute(statement)
    }
    return tuple(found[number] for number in ids)


def _cells(session: Session, query: Query) -> dict[str, MetricCell | None]:
    cells: dict[str, MetricCell | None] = {}
    for part in (*query.terms, *query.sort):
        name = None if isinstance(part, Word) else MetricName.parse(part.field)
        if isinstance(part, Word) or name is None or part.field in COLUMNS:
            continue
        try:
            if part.field not in cells:
                cells[part.field] = metric_cell(session, name)
            if len(cells) > _MOST_METRICS:
                raise UnknownRecordError(f"A query names {_MOST_METRICS} metrics at most.", "Ask two questions.")
            if isinstance(part, Comparison):
                _require_possible(part, cells[part.field])
        except UnknownRecordError as error:
            place = query.text.index(part.field, part.at)
            raise pointing(query.text, error.message, place, len(part.field), error.hint) from error
    return cells


def _require_possible(term: Comparison, cell: MetricCell | None) -> None:
    """A bound that no value can have is a slip, such as 75 for 75 %."""
    ends = [end for value in term.values if isinstance(value, Range) for end in (value.low, value.high)]
    for end in (end for end in ends if end is not None):
        if cell is not None and not cell.may_be(end):
            hint = (
                f"Write {end:g}% if you mean percent."
                if cell.meant.unit == "fraction"
                else f"Its unit: {cell.meant.unit}."
            )
            raise UnknownRecordError(f"A value of {term.field} is never {end:g}.", hint)
