"""JSON without surprises."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.strict import decode, dump_json, parse_json, read_json


@dataclass(frozen=True)
class Inner:
    count: int


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    pair: tuple[int, float]
    names: tuple[str, ...] = ()
    ratio: int | float = 0.5
    note: str | None = None
    table: dict[str, Inner] = field(default_factory=dict)
    free: Any = None


WHOLE: dict[str, Any] = {"name": "n", "inner": {"count": 1}, "pair": [1, 2]}


def test_nested_values_are_built_by_their_annotations() -> None:
    value = {**WHOLE, "names": ["a"], "ratio": 1, "note": "x", "table": {"k": {"count": 2}}, "free": [None]}
    expected = Outer("n", Inner(1), (1, 2.0), ("a",), 1, "x", {"k": Inner(2)}, [None])
    assert decode(Outer, value, "doc") == expected
    assert isinstance(decode(Outer, value, "doc").pair[1], float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nmae": 1}, "doc: unknown fields nmae"),
        ({"inner": {}}, "doc: inner: missing fields count"),
        ({"inner": {"count": True}}, "doc: inner: count: expected an integer, got true or false"),
        ({"inner": {"count": 1.0}}, "doc: inner: count: expected an integer, got a number"),
        ({"inner": []}, "doc: inner: expected an object, got a list"),
        ({"pair": [1]}, "doc: pair: expected 2 entries, got 1"),
        ({"pair": "12"}, "doc: pair: expected a list, got a string"),
        ({"names": ["a", 2]}, r"doc: names\[1\]: expected a string, got an integer"),
        ({"ratio": "1"}, "doc: ratio: expected an integer or a number, got a string"),
        ({"ratio": None}, "doc: ratio: expected an integer or a number, got null"),
        ({"note": 3}, "doc: note: expected a string, got an integer"),
        ({"table": {"k": {"count": "2"}}}, "doc: table.k: count: expected an integer, got a string"),
        ({"table": []}, "doc: table: expected an object, got a list"),
    ],
)
def test_every_mistake_is_named_with_its_path(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        decode(Outer, {**WHOLE, **change}, "doc")


def test_a_missing_field_and_a_wrong_document_are_named() -> None:
    with pytest.raises(ConfigError, match="doc: missing fields inner, pair"):
        decode(Outer, {"name": "n"}, "doc")
    with pytest.raises(ConfigError, match="doc: expected an object, got null"):
        decode(Outer, None, "doc")


LOOSE = {
    "doubled key": b'{"a":1,"a":1}',
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "infinity by overflow": b"[1e999]",
    "integer beyond 64 bits": b"[9223372036854775808]",
    "integer of many digits": b"[" + b"9" * 5000 + b"]",
    "not UTF-8": b"\xff",
    "cut": b"{",
    "hostile nesting": b"[" * 100_000,
    "deep nesting": b"[" * 65 + b"]" * 65,
    "NUL": b'["\\u0000"]',
    "NUL in a key": b'{"\\u0000":1}',
    "half a surrogate pair": b'["\\ud800"]',
}


@pytest.mark.parametrize("case", LOOSE)
def test_loose_json_is_refused(case: str) -> None:
    with pytest.raises(ConfigError, match="here: expected strict JSON"):
        parse_json(LOOSE[case], "here")


def test_the_limits_themselves_are_allowed() -> None:
    assert parse_json(b"[9223372036854775807,-9223372036854775807,1e308]", "here") == [2**63 - 1, 1 - 2**63, 1e308]
    assert parse_json(b"[" * 60 + b"]" * 60, "here") != []


def test_files_are_capped_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": 1}')
    assert read_json(path) == {"a": 1}
    with pytest.raises(ConfigError, match=r"a\.json: larger than the 7 bytes"):
        read_json(path, limit_bytes=7)
    with pytest.raises(ConfigError, match=r"b\.json: cannot be read"):
        read_json(tmp_path / "b.json")


def test_documents_are_written_in_one_way() -> None:
    assert dump_json({"b": [1.5, None], "a": "é"}) == b'{\n  "b": [\n    1.5,\n    null\n  ],\n  "a": "\xc3\xa9"\n}\n'
