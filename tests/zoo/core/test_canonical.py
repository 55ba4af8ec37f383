"""Configurations hash the same everywhere and for ever."""

from dataclasses import dataclass

import pytest

from zoo.core.canonical import canonical_json, config_hash, non_default_fields


@dataclass(frozen=True)
class _Config:
    required: int
    rate: float = 0.1


def test_canonical_json_has_one_spelling() -> None:
    assert canonical_json({"b": [1, 0.5, None], "a": "ü"}) == '{"a":"ü","b":[1,0.5,null]}'.encode()


def test_canonical_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        canonical_json(float("nan"))


def test_defaults_are_left_out_so_that_a_new_option_keeps_old_hashes() -> None:
    assert non_default_fields(_Config(1)) == {"required": 1}
    assert non_default_fields(_Config(1, 0.2)) == {"required": 1, "rate": 0.2}
    with pytest.raises(TypeError, match="expected a dataclass instance"):
        non_default_fields(_Config)


def test_config_hash_golden_value() -> None:
    # printf '%s' '{"schema":"train@1","values":{"rate":0.2}}' | sha256sum
    assert config_hash("train@1", {"rate": 0.2}) == "216e077edd67ab669412da76c236520c8ed24121c106fbcce9ca6095001190f7"
