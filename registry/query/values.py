"""The values behind an operator: texts, and numbers with units or ranges of them."""

from difflib import get_close_matches

from .fields import FIELDS, Kind
from .scanner import QUOTED, TEXT, Scanner, unescaped
from .syntax import Range
from .units import NUMBER, scaled, unit_behind, units_of


def read_value(scanner: Scanner, name: str, kind: Kind, *, ranges: bool) -> str | Range:
    """The value of the field ``name`` that stands here; ``ranges`` are refused behind ``<`` and its like."""
    return _text(scanner, name, kind) if kind.is_text else _range(scanner, name, kind, ranges)


def _text(scanner: Scanner, name: str, kind: Kind) -> str:
    at = scanner.position
    found = scanner.looking_at(QUOTED) or scanner.looking_at(TEXT)
    if found is None:
        if scanner.text.startswith('"', at):
            raise scanner.unclosed()
        raise scanner.error(f"Here a value of {name} is missing.", at, 1, "Several are written a,b,c.")
    scanner.position = found.end()
    text = unescaped(found[1]) if found.re is QUOTED else found[0]
    choices = FIELDS[name].choices
    if kind is Kind.CHOICE and text not in choices:
        near = get_close_matches(text, choices, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(choices)}."
        raise scanner.error(f"The field {name} is never {text!r}.", at, len(found[0]), hint)
    return text


def _range(scanner: Scanner, name: str, kind: Kind, ranges: bool) -> Range:
    at = scanner.position
    quoted = scanner.looking_at(QUOTED)
    if quoted is not None:  # sparsity="75 %": the quotes are the shell's habit and mean nothing here
        inner = Scanner(unescaped(quoted[1]))
        value = _range(inner, name, kind, ranges)
        if inner.position != len(inner.text):
            raise scanner.error(f"This is no number: {name} is one.", at, len(quoted[0]))
        scanner.position = quoted.end()
        return value
    low = _number(scanner, kind)
    if ranges and scanner.take(".."):
        high = _number(scanner, kind)
        if low is None and high is None:
            raise scanner.error("A range has at least one end.", at, 2, "For example 0.9..0.95, 0.9.. or ..0.95")
        if low is not None and high is not None and low > high:
            raise scanner.error("This range ends before it begins.", at, scanner.position - at)
        return Range(low, high)
    if low is None:
        raise _not_a_number(scanner, name, kind, at)
    return Range(low, low)


def _number(scanner: Scanner, kind: Kind) -> float | None:
    at = scanner.position
    found = scanner.looking_at(NUMBER)
    if found is None:
        return None
    unit, end = unit_behind(scanner.text, found.end(), kind)
    try:
        value = scaled(found[0], unit, kind)
    except ValueError as error:
        hint = f"Units here: {', '.join(units_of(kind))}."
        raise scanner.error(f"This is no {_noun(kind)}.", at, end - at, hint) from error
    if kind is Kind.FRACTION and not 0 <= value <= 1:
        raise scanner.error("A fraction lies between 0 and 1.", at, end - at, f"Write {found[0]}% if you mean percent.")
    scanner.position = end
    return value


def _not_a_number(scanner: Scanner, name: str, kind: Kind, at: int) -> Exception:
    found = scanner.looking_at(TEXT)
    return scanner.error(
        f"Here a number is expected: {name} is a {_noun(kind)}." if found else f"Here a value of {name} is missing.",
        at,
        len(found[0]) if found else 1,
        f"For example {name}>={'0.9' if kind in (Kind.FRACTION, Kind.METRIC) else '10'}",
    )


def _noun(kind: Kind) -> str:
    return {
        Kind.FRACTION: "fraction", Kind.BYTES: "number of bytes", Kind.FLOPS: "number of operations",
        Kind.COUNT: "count",
    }.get(kind, "number")  # fmt: skip
