"""One term of a query as a condition. Unknown values fit no comparison, so that a negated term finds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, not_, or_

from ..query import FIELDS, Comparison, Has, Kind, Range, Term, Word
from ._fields import COLUMNS, SEARCHED, trained_on, trusted
from ._text import fold, folded

# Targets have two decimals and accuracies four: what is nearer than this is the same number to a reader.
_SAME_FRACTION = 5e-4
# Means and shares are computed in floating point: a bound is met when it is met but for the last digits.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class MetricValue:
    """The column of a metric's value; of fractions, numbers that look alike count as equal."""

    column: SQLColumnExpression[Any]
    is_fraction: bool


def condition(term: Term, metrics: Mapping[str, MetricValue]) -> ColumnElement[bool]:
    """Whether a model fits; a metric that is not in ``metrics`` has no values."""
    fits = _fits(term, metrics)
    return not_(fits) if term.negated else fits


def _fits(term: Term, metrics: Mapping[str, MetricValue]) -> ColumnElement[bool]:
    if isinstance(term, Word):
        named = [folded(column).contains(fold(term.text), autoescape=True) for column in SEARCHED]
        return _surely(or_(*named))
    if term.field == "trust":
        return _trust(term)
    if term.field == "trained_on":
        return _trained_on(term)
    if term.field in COLUMNS:
        return _known(COLUMNS[term.field]) if isinstance(term, Has) else _compared(term)
    metric = metrics.get(term.field)
    if metric is None:
        return false()
    return _known((metric.column,)) if isinstance(term, Has) else _number(term, metric.column, metric.is_fraction)


def _trust(term: Comparison | Has) -> ColumnElement[bool]:
    if isinstance(term, Has):
        return trusted(None)
    levels = trusted(tuple(value for value in term.values if isinstance(value, str)))
    return levels if term.operator == "=" else and_(trusted(None), not_(levels))


def _trained_on(term: Comparison | Has) -> ColumnElement[bool]:
    if isinstance(term, Has):
        return trained_on(None)
    named = trained_on(tuple(value for value in term.values if isinstance(value, str)))
    return named if term.operator == "=" else and_(trained_on(None), not_(named))


def _compared(term: Comparison) -> ColumnElement[bool]:
    columns, kind = COLUMNS[term.field], FIELDS[term.field].kind
    if not kind.is_text:
        return _number(term, columns[0], kind is Kind.FRACTION, exact=kind is not Kind.FRACTION)
    values = [fold(value) for value in term.values if isinstance(value, str)]
    equal = _surely(or_(*(folded(column).in_(values) for column in columns)))
    return equal if term.operator == "=" else and_(_known(columns), not_(equal))


def _number(
    term: Comparison, column: SQLColumnExpression[Any], is_fraction: bool, *, exact: bool = False
) -> ColumnElement[bool]:
    ranges = [value for value in term.values if isinstance(value, Range)]
    if term.operator in ("=", "!="):
        inside = _surely(or_(*(_inside(column, value, is_fraction, exact) for value in ranges)))
        return inside if term.operator == "=" else and_(column.is_not(None), not_(inside))
    bound = ranges[0].low or 0.0
    slack = _slack(bound, exact)
    compared = {
        "<": column < bound - slack,
        "<=": column <= bound + slack,
        ">": column > bound + slack,
        ">=": column >= bound - slack,
    }
    return _surely(compared[term.operator])


def _inside(column: SQLColumnExpression[Any], value: Range, is_fraction: bool, exact: bool) -> ColumnElement[bool]:
    same = is_fraction and value.low == value.high
    ends = []
    if value.low is not None:
        ends.append(column >= value.low - (_SAME_FRACTION if same else _slack(value.low, exact)))
    if value.high is not None:
        ends.append(column <= value.high + (_SAME_FRACTION if same else _slack(value.high, exact)))
    return and_(*ends)


def _slack(bound: float, exact: bool) -> float:
    return 0.0 if exact else _ROUNDING * max(1.0, abs(bound))


def _known(columns: tuple[SQLColumnExpression[Any], ...]) -> ColumnElement[bool]:
    return or_(*(column.is_not(None) for column in columns))


def _surely(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    """False where SQL would say that it does not know, so that the negation is true there."""
    return func.coalesce(expression, false())
