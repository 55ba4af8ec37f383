"""Numbers with units, as people write them: ``10MB``, ``75 %``, ``1.5GFLOPs``."""

import re
from decimal import Decimal, DecimalException

from .fields import Kind

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?(?![\d_])")
_UNIT = re.compile(r"\s*([A-Za-z%]+)")

_PREFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_COUNTS = {prefix: Decimal(factor) for prefix, factor in _PREFIXES.items() if prefix}
_BYTES = {f"{prefix}B": Decimal(factor) for prefix, factor in _PREFIXES.items()} | {
    f"{prefix}iB": Decimal(1024**power) for power, prefix in enumerate(("K", "M", "G", "T"), start=1)
}
_FLOPS = {f"{prefix}FLOPs": Decimal(factor) for prefix, factor in _PREFIXES.items()}
_FRACTION = {"%": Decimal("0.01")}

_BY_KIND: dict[Kind, dict[str, Decimal]] = {
    Kind.FRACTION: _FRACTION,
    Kind.COUNT: _COUNTS,
    Kind.NUMBER: _COUNTS,
    Kind.BYTES: _COUNTS | _BYTES,
    Kind.FLOPS: _COUNTS | _FLOPS,
    Kind.METRIC: _COUNTS | _BYTES | _FLOPS | _FRACTION,
}
_ANY_CASE = {kind: {unit.lower(): factor for unit, factor in units.items()} for kind, units in _BY_KIND.items()}


def units_of(kind: Kind) -> tuple[str, ...]:
    """The units that numbers of a kind may have."""
    return tuple(_BY_KIND[kind])


def is_unit(word: str) -> bool:
    """Whether a word behind a number could be read as its unit."""
    return word.lower() in _ANY_CASE[Kind.METRIC]


def scaled(number: str, unit: str, kind: Kind) -> float:
    """The number in plain units; raises :class:`ValueError` for a unit of another kind and for what no float holds.

    Decimal arithmetic: ``75%`` is the same float as ``0.75``.

    >>> scaled("75", "%", Kind.FRACTION), scaled("10", "MB", Kind.BYTES)
    (0.75, 10000000.0)
    """
    factor = _ANY_CASE[kind].get(unit.lower()) if unit else Decimal(1)
    if factor is None:
        raise ValueError(unit)
    try:
        value = float(Decimal(number) * factor)
    except DecimalException as error:
        raise ValueError(number) from error
    if value in (float("inf"), float("-inf")):
        raise ValueError(number)
    return value


def unit_behind(text: str, position: int, kind: Kind) -> tuple[str, int]:
    """The unit that stands at ``position`` and where it ends; behind a space it must be written exactly so.

    >>> unit_behind("75 % more", 2, Kind.FRACTION), unit_behind("10 mb", 2, Kind.BYTES)
    (('%', 4), ('', 2))
    """
    found = _UNIT.match(text, position)
    if found is None:
        return "", position
    apart = found.start(1) > position
    if apart and (found[1] not in _BY_KIND[kind] or not _ends(text, found.end())):
        return "", position
    return found[1], found.end()


def _ends(text: str, position: int) -> bool:
    """A spaced unit is a word of its own, so that ``nonzeros<1 M=2`` stays an error and ``10 MBit`` two words."""
    return position == len(text) or text[position].isspace() or text.startswith((",", ".."), position)
