"""One term of a query as a condition. Unknown values fit no comparison, so that a negated term finds them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, false, func, not_, or_

from ..query import FIELDS, SAME_TARGET, Comparison, Has, Kind, Range, Term, Word
from ._fields import COLUMNS, SEARCHED, trained_on, trusted
from ._text import fold, folded

# Accuracies have four decimals: what is nearer than this is the same number to a reader.
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
    return (
        _known((metric.column,)) if isinstance(term, Has) else _number(term, metric.column, _same(metric.is_fraction))
    )


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
    if term.field == "sparsity":
        return _number(term, columns[0], SAME_TARGET, slack=SAME_TARGET)
    if not kind.is_text:
        return _number(term, columns[0], _same(kind is Kind.FRACTION), slack=None if kind is Kind.FRACTION else 0.0)
    values = [fold(value) for value in term.values if isinstance(value, str)]
    equal = _surely(or_(*(folded(column).in_(values) for column in columns)))
    return equal if term.operator == "=" else and_(_known(columns), not_(equal))


def _same(is_fraction: bool) -> float | None:
    return _SAME_FRACTION if is_fraction else None


def _number(
    term: Comparison, column: SQLColumnExpression[Any], same: float | None, *, slack: float | None = None
) -> ColumnElement[bool]:
    """``same``: how far from a single value its equals may be; ``slack``: how far beyond a bound, None for rounding."""
    ranges = [value for value in term.values if isinstance(value, Range)]
    if term.operator in ("=", "!="):
        inside = _surely(or_(*(_inside(column, value, same, slack) for value in ranges)))
        return inside if term.operator == "=" else and_(column.is_not(None), not_(inside))
    bound = ranges[0].low or 0.0
    beyond = _beyond(bound, slack)
    compared = {
        "<": column < bound - beyond,
        "<=": column <= bound + beyond,
        ">": column > bound + beyond,
        ">=": column >= bound - beyond,
    }
    return _surely(compared[term.operator])


def _inside(
    column: SQLColumnExpression[Any], value: Range, same: float | None, slack: float | None
) -> ColumnElement[bool]:
    single = same if value.low == value.high else None
    ends = []
    if value.low is not None:
        ends.append(column >= value.low - (_beyond(value.low, slack) if single is None else single))
    if value.high is not None:
        ends.append(column <= value.high + (_beyond(value.high, slack) if single is None else single))
    return and_(*ends)


def _beyond(bound: float, slack: float | None) -> float:
    return _ROUNDING * max(1.0, abs(bound)) if slack is None else slack


def _known(columns: tuple[SQLColumnExpression[Any], ...]) -> ColumnElement[bool]:
    return or_(*(column.is_not(None) for column in columns))


def _surely(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    """False where SQL would say that it does not know, so that the negation is true there."""
    return func.coalesce(expression, false())
