"""Queries for property tests: any that can be written, and those over the pools of a small catalogue."""

import re
from random import Random
from typing import Any

from hypothesis import strategies as st

from registry.query import FIELDS, Comparison, Has, Kind, Query, Range, Sort, Term, Word
from registry.query.syntax import Operator

METRICS = (
    "digits.top1",
    "digits.top1@linear",
    "digits@1.top1",
    "digits@paper.top1@1@linear@1",
    "digits.nll@2",
    "cars.top1",
)
_ALL: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=")
_EQUALITY: tuple[Operator, ...] = ("=", "!=")

# Neither NUL nor half a surrogate pair may be asked for.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def numbers(kind: Kind) -> st.SearchStrategy[float]:
    """Finite ones that the field may have."""
    if kind is Kind.FRACTION:
        return st.floats(0, 1)
    return st.floats(-1e18, 1e18) | st.integers(0, 10**9).map(float)


def ranges(values: st.SearchStrategy[float], *, wide: bool) -> st.SearchStrategy[Range]:
    """One number, or where ``wide`` allows it any range."""
    single = values.map(lambda value: Range(value, value))
    if not wide:
        return single
    both = st.tuples(values, values).map(lambda ends: Range(min(ends), max(ends)))
    return single | both | values.map(lambda low: Range(low, None)) | values.map(lambda high: Range(None, high))


@st.composite
def comparisons(draw: st.DrawFn, values: Any = None, fields: tuple[str, ...] = (*FIELDS, *METRICS)) -> Comparison:
    """A comparison with values of ``values(field)``, or any at all."""
    name = draw(st.sampled_from(fields))
    kind = FIELDS[name].kind if name in FIELDS else Kind.METRIC
    operator = draw(st.sampled_from(_EQUALITY if kind.is_text else _ALL))
    several = operator in _EQUALITY
    if values is not None:
        pool = st.sampled_from(values(name))
    elif kind is Kind.CHOICE:
        pool = st.sampled_from(FIELDS[name].choices)
    else:
        pool = texts if kind.is_text else numbers(kind)
    one: st.SearchStrategy[Any] = pool if kind.is_text else ranges(pool, wide=several)
    chosen = draw(st.lists(one, min_size=1, max_size=3 if several else 1))
    return Comparison(name, operator, tuple(chosen), draw(st.booleans()))


@st.composite
def queries(
    draw: st.DrawFn,
    values: Any = None,
    words: st.SearchStrategy[str] = texts,
    fields: tuple[str, ...] = (*FIELDS, *METRICS),
) -> Query:
    """Up to three terms and two orders."""
    term: st.SearchStrategy[Term] = st.one_of(
        st.builds(Word, words, st.booleans()),
        st.builds(Has, st.sampled_from(fields), st.booleans()),
        comparisons(values, fields),
        comparisons(values, fields),
    )
    sortable = [name for name in fields if name not in ("trust", "parent", "trained_on")]
    order = st.lists(st.builds(Sort, st.sampled_from(sortable), st.booleans()), max_size=2)
    return Query(tuple(draw(st.lists(term, max_size=3))), tuple(draw(order)))


def spaced(query: Query, random: Random) -> str:
    """The query with space around its operators where that is allowed, and percent for some fractions."""
    parts = []
    for term in query.terms:
        text = str(term)
        if isinstance(term, Comparison):
            head, tail = re.split(re.escape(term.operator), text, maxsplit=1)
            text = f"{head}{' ' * random.randrange(3)}{term.operator}{' ' * random.randrange(3)}{tail}"
        parts.append(text)
    if query.sort:
        parts.append(f"sort={','.join(map(str, query.sort))}")
    return (" " * random.randrange(1, 4)).join(parts)
