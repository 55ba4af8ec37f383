"""From a text to a :class:`~registry.query.Query`. The grammar, whitespace between terms:

query      = { term }
term       = "sort=" order | [ "-" ] ( comparison | "has:" field | word )
comparison = field operator value { "," value }        whitespace may stand around the operator
operator   = "=" | "!=" | "<" | "<=" | ">" | ">="       several values and ranges with the first two only
value      = text | number [ unit ] | [ number [ unit ] ] ".." [ number [ unit ] ]
order      = [ "-" ] field { "," [ "-" ] field }
word, text = characters without whitespace and "<>=, or a quoted string in which \\ protects \\ and "
"""

import re
from difflib import get_close_matches
from typing import cast

from .fields import FIELDS, Kind, kind_of
from .metric_name import MetricName
from .scanner import QUOTED, TEXT, Scanner, unescaped
from .syntax import Comparison, Has, Operator, Query, Sort, Term, Word
from .values import read_value

_MOST_CHARACTERS = 2000
_COMPARISON = re.compile(r'(?P<name>[^\s"<>=!]+)\s*(?P<operator>!=|<=|>=|=|<|>)\s*')
_HAS = re.compile(r"has:([^\s\"<>=!]*)")
_WORD = re.compile(r'[^\s"<>=]+')
_GRAMMAR = "Write a query like: gmp resnet50 sparsity>=0.9 bytes<10MB (docs/queries.md)."


def parse(text: str) -> Query:
    """The query that a text means.

    Raises :class:`~registry.errors.QueryError`, which shows the place and suggests the nearest name.

    >>> query = parse("resnet50 sparsity >= 90 % method=rigl,gmp sort=-sparsity")
    >>> str(query)
    'resnet50 sparsity>=0.9 method=rigl,gmp sort=-sparsity'
    """
    scanner = Scanner(text)
    _refuse_unwritable(scanner)
    terms: list[Term] = []
    order: list[Sort] = []
    while scanner.skip_space():
        found = scanner.looking_at(_COMPARISON)
        if found is not None and found["name"] == "sort" and found["operator"] == "=":
            scanner.position = found.end()
            order += _order(scanner)
        else:
            terms.append(_term(scanner))
        if not scanner.at_gap():
            raise scanner.error("This does not belong to a term.", scanner.position, 1, _GRAMMAR)
    return Query(tuple(terms), tuple(order), text)


def _refuse_unwritable(scanner: Scanner) -> None:
    if len(scanner.text) > _MOST_CHARACTERS:
        raise scanner.error(
            f"A query has {_MOST_CHARACTERS:,} characters at most, this one {len(scanner.text):,}.",
            _MOST_CHARACTERS, 1, "Ask two shorter questions.",
        )  # fmt: skip
    for place, character in enumerate(scanner.text):
        # Databases store neither: PostgreSQL refuses the byte 0, and half a surrogate pair is no text.
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise scanner.error("This character cannot be searched for.", place, 1, "Leave it out.")


def _term(scanner: Scanner) -> Term:
    at = scanner.position
    negated = scanner.take("-", followed=True)
    quoted = scanner.looking_at(QUOTED)
    if quoted is not None:
        scanner.position = quoted.end()
        return Word(unescaped(quoted[1]), negated, at)
    if found := scanner.looking_at(_COMPARISON):
        return _comparison(scanner, found, negated, at)
    if found := scanner.looking_at(_HAS):
        _field(scanner, found[1], found.start(1))
        scanner.position = found.end()
        return Has(found[1], negated, at)
    if found := scanner.looking_at(_WORD):
        scanner.position = found.end()
        return Word(found[0], negated, at)
    if scanner.text[scanner.position] == '"':
        raise scanner.unclosed()
    raise scanner.error("A comparison begins with the name of a field.", scanner.position, 1, _GRAMMAR)


def _comparison(scanner: Scanner, found: re.Match[str], negated: bool, at: int) -> Comparison:
    name, operator = found["name"], cast("Operator", found["operator"])
    kind = _field(scanner, name, found.start("name"))
    several = operator in ("=", "!=")
    if kind.is_text and not several:
        raise scanner.error(
            f"The field {name} is a text: it is compared with = or !=.", found.start("operator"), len(operator)
        )
    scanner.position = found.end()
    values = [read_value(scanner, name, kind, ranges=several)]
    while scanner.take(","):
        if not several:
            raise scanner.error("Several values go with = or != only.", scanner.position - 1, 1)
        values.append(read_value(scanner, name, kind, ranges=True))
    return Comparison(name, operator, tuple(values), negated, at)


def _order(scanner: Scanner) -> list[Sort]:
    order = []
    while True:
        at = scanner.position
        descending = scanner.take("-")
        found = scanner.looking_at(TEXT)
        name = found[0] if found else ""
        _field(scanner, name, scanner.position)
        if name in FIELDS and not FIELDS[name].single and name != "name":
            raise scanner.error(f"Models cannot be put in order by {name}.", scanner.position, len(name))
        scanner.position += len(name)
        order.append(Sort(name, descending, at))
        if not scanner.take(","):
            return order


def _field(scanner: Scanner, name: str, at: int) -> Kind:
    kind = kind_of(name)
    if kind is Kind.METRIC and MetricName.parse(name) is None:
        raise scanner.error(
            f"{name!r} names no metric.",
            at,
            len(name),
            "Write task.metric or task.metric@protocol: cifar10.top1@linear.",
        )
    if kind is not None:
        return kind
    near = get_close_matches(name, FIELDS, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Fields: {', '.join(FIELDS)}, and metrics such as imagenet.top1."
    raise scanner.error(f"There is no field {name!r}." if name else "Here a field is missing.", at, len(name), hint)
