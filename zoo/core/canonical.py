"""Canonical JSON and the hash of a configuration."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

Json = Any  # a value made of None, bool, int, float, str, list and dict


def canonical_json(value: Json) -> bytes:
    """UTF-8 JSON with sorted keys, no white space and no NaN: equal values give equal bytes.

    >>> canonical_json({"b": 1, "a": [0.1]})
    b'{"a":[0.1],"b":1}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def non_default_fields(config: object) -> dict[str, Any]:
    """The fields of a frozen dataclass that differ from their defaults, by name (required fields always)."""
    if not is_dataclass(config) or isinstance(config, type):
        raise TypeError(f"expected a dataclass instance, got {type(config).__name__}")
    default_free = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if value != field.default:
            default_free[field.name] = value
    return default_free


def config_hash(schema: str, values: Mapping[str, Any]) -> str:
    """64 hex digits: SHA-256 of the schema name and the values that differ from that schema's frozen defaults."""
    return hashlib.sha256(canonical_json({"schema": schema, "values": dict(values)})).hexdigest()
