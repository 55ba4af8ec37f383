"""JSON without surprises: no duplicate keys, no NaN, no unknown fields, and errors that carry the path to the leaf."""

import json
import math
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import ConfigError

T = TypeVar("T")


# Generous for what people write, small for what a program must survive: depth of nesting, and a signed 64-bit integer.
_MAX_DEPTH = 64
_MAX_INTEGER = 2**63 - 1

_HOLDERS = (dict, list)

# Only this writes a NUL or half a surrogate pair; headers of a thousand tensors have none, and are read quicker for it.
_ESCAPE = b"\\u"


def parse_json(data: bytes, where: str) -> Any:
    """The value of a UTF-8 JSON document.

    Raises :class:`ConfigError` for invalid UTF-8 or JSON, doubled keys, numbers that are not finite or need more than
    64 bits, strings that no database or file name can hold, and nesting without end; ``where`` names the document.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
        _examine_depth(value)
        if _ESCAPE in data:
            _examine_strings(value)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: expected strict JSON: {error}") from error
    return value


def read_json(path: Path, limit_bytes: int = 4 * 2**20) -> Any:
    """The strict JSON value of a file; raises :class:`ConfigError` where it is missing, too large or malformed."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error
    if len(data) > limit_bytes:
        raise ConfigError(f"{path}: larger than the {limit_bytes:,} bytes allowed for this file.")
    return parse_json(data, str(path))


def dump_json(value: Any) -> bytes:
    """Indented UTF-8 JSON, keys in the order given and a final newline: equal values give equal bytes."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def decode(kind: type[T], value: Any, where: str) -> T:
    """Build the dataclass ``kind`` from a JSON object, by its annotations.

    Understands str, bool, int, float, None, ``tuple[X, ...]``, ``tuple[X, Y]``, ``dict[str, X]``, unions, Any and
    nested dataclasses. Raises :class:`ConfigError` that names the unknown, missing or mistyped field.
    """
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: expected an object, got {_kind_of(value)}.")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise ConfigError(f"{where}: unknown fields {', '.join(unknown)}.", f"Known: {', '.join(known)}.")
    optional = {
        name for name, field in known.items() if field.default is not MISSING or field.default_factory is not MISSING
    }
    missing = sorted(set(known) - optional - set(value))
    if missing:
        raise ConfigError(f"{where}: missing fields {', '.join(missing)}.")
    hints = get_type_hints(kind)
    return kind(**{name: _convert(hints[name], entry, f"{where}: {name}") for name, entry in value.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, UnionType):
        return _convert_union(get_args(hint), value, where)
    if origin is tuple:
        return _convert_tuple(get_args(hint), value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected an object, got {_kind_of(value)}.")
        return {key: _convert(get_args(hint)[1], entry, f"{where}.{key}") for key, entry in value.items()}
    if is_dataclass(hint):
        return decode(hint, value, where)  # type: ignore[arg-type]
    if hint is float and type(value) is int:
        return float(value)
    # bool is a subclass of int, and true is no count.
    if type(value) is not hint:
        raise ConfigError(f"{where}: expected {_word(hint)}, got {_kind_of(value)}.")
    return value


def _convert_union(members: tuple[Any, ...], value: Any, where: str) -> Any:
    for member in members:
        if type(value) is member:
            return value
    inner = [member for member in members if member is not NoneType]
    if value is None or len(inner) != 1:
        raise ConfigError(f"{where}: expected {' or '.join(map(_word, members))}, got {_kind_of(value)}.")
    return _convert(inner[0], value, where)


def _convert_tuple(members: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"{where}: expected a list, got {_kind_of(value)}.")
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(value)
    if len(members) != len(value):
        raise ConfigError(f"{where}: expected {len(members)} entries, got {len(value)}.")
    return tuple(
        _convert(hint, entry, f"{where}[{index}]")
        for index, (hint, entry) in enumerate(zip(members, value, strict=True))
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large for a number")
    return value


def _integer(text: str) -> int:
    # The length first: Python refuses to read thousands of digits, in words that are not for our users.
    if len(text) > 18 and (len(text) > 20 or abs(int(text)) > _MAX_INTEGER):
        raise ValueError(f"{text[:20]}… is too large for an integer" if len(text) > 20 else f"{text} is too large")
    return int(text)


def _examine_depth(value: Any) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH + 1):
        if not level:
            return
        level = [entry for holder in level for entry in _entries(holder) if isinstance(entry, _HOLDERS)]
    raise ValueError(f"nested more than {_MAX_DEPTH} levels deep")


def _examine_strings(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a string holds a NUL")
        value.encode()  # half a surrogate pair raises UnicodeEncodeError, which is a ValueError
    if isinstance(value, dict):
        _examine_strings(list(value))
    for entry in _entries(value):
        _examine_strings(entry)


def _entries(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


_WORDS: dict[Any, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    NoneType: "null",
}


def _word(hint: Any) -> str:
    return _WORDS.get(hint, "a list" if get_origin(hint) is tuple else "an object")


def _kind_of(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return _WORDS.get(type(value), type(value).__name__)
