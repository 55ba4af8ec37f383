"""The parts of a query, and how they are written: ``parse(str(query)) == query``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Literal

from .units import is_unit

Operator = Literal["=", "!=", "<", "<=", ">", ">="]

_BARE = re.compile(r"[A-Za-z0-9_./@+:-]+")


@dataclass(frozen=True)
class Range:
    """From ``low`` to ``high``, both included; None is open, equal ends are one number."""

    low: float | None
    high: float | None

    def __str__(self) -> str:
        """As a query writes it, units multiplied out."""
        if self.low == self.high and self.low is not None:
            return _number(self.low)
        return f"{'' if self.low is None else _number(self.low)}..{'' if self.high is None else _number(self.high)}"


@dataclass(frozen=True)
class Word:
    """A part of a name; ``at`` is the term's place in the text, for messages."""

    text: str
    negated: bool = False
    at: int = dataclass_field(default=0, compare=False)

    def __str__(self) -> str:
        """Quoted where it would be read as something else."""
        special = self.text.startswith(("-", "has:")) or is_unit(self.text)
        return _minus(self.negated) + _quoted(self.text, force=special)


@dataclass(frozen=True)
class Has:
    """The field is known."""

    field: str
    negated: bool = False
    at: int = dataclass_field(default=0, compare=False)

    def __str__(self) -> str:
        """As a query writes it."""
        return f"{_minus(self.negated)}has:{self.field}"


@dataclass(frozen=True)
class Comparison:
    """The field is known and compares so; several ``values`` are alternatives (texts or ranges, never mixed)."""

    field: str
    operator: Operator
    values: tuple[str | Range, ...]
    negated: bool = False
    at: int = dataclass_field(default=0, compare=False)

    def __str__(self) -> str:
        """As a query writes it."""
        values = ",".join(_quoted(value) if isinstance(value, str) else str(value) for value in self.values)
        return f"{_minus(self.negated)}{self.field}{self.operator}{values}"


Term = Word | Has | Comparison


@dataclass(frozen=True)
class Sort:
    """An order; models without the field come last either way."""

    field: str
    descending: bool = False
    at: int = dataclass_field(default=0, compare=False)

    def __str__(self) -> str:
        """As a query writes it, after ``sort=``."""
        return _minus(self.descending) + self.field


@dataclass(frozen=True)
class Query:
    """Models that fit every term, in the order of ``sort``, then by architecture, method and sparsity."""

    terms: tuple[Term, ...] = ()
    sort: tuple[Sort, ...] = ()
    text: str = dataclass_field(default="", compare=False)

    def __str__(self) -> str:
        """The shortest text that says the same."""
        order = f"sort={','.join(map(str, self.sort))}" if self.sort else ""
        return " ".join(filter(None, [*map(str, self.terms), order]))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that terms and order name, each once, in their order."""
        return tuple(dict.fromkeys(self._named()))

    def _named(self) -> Iterator[str]:
        for part in (*self.terms, *self.sort):
            if not isinstance(part, Word):
                yield part.field


def _minus(negated: bool) -> str:
    return "-" if negated else ""


def _quoted(text: str, *, force: bool = False) -> str:
    if _BARE.fullmatch(text) and not force:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: float) -> str:
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
