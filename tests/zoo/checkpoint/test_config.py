"""The descriptions beside the weights: strict, round-tripping, and readable by timm."""

from dataclasses import replace
from typing import Any

import pytest
from model_folders import CONFIG, PREPROCESSING, PROVENANCE

from zoo.checkpoint.config import ModelConfig, Preprocessing, Provenance
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.strict import dump_json, parse_json


def test_preprocessing_hash_is_pinned() -> None:
    """SHA-256 of the canonical JSON, computed with sha256sum; a change would give every checkpoint a new identity."""
    # printf '{"crop_fraction":1.0,"input_size":[1,8,8],"interpolation":"nearest","mean":[0.0],"std":[1.0]}' | sha256sum
    assert PREPROCESSING.hash() == "p1:ddb9b77e592746ac75ff35ee613c95b5d39c8dc6d1a71289ac303a1f6ee7a5fb"


def test_integers_and_floats_are_one_preprocessing() -> None:
    assert Preprocessing((1, 8, 8), (0,), (1,), "nearest", 1) == PREPROCESSING
    assert Preprocessing((1, 8, 8), (0,), (1,), "nearest", 1).hash() == PREPROCESSING.hash()


def round_trip(value: Any) -> Any:
    return parse_json(dump_json(value), "round trip")


def test_round_trips() -> None:
    assert Preprocessing.from_dict(round_trip(PREPROCESSING.to_dict())) == PREPROCESSING
    assert ModelConfig.from_dict(round_trip(CONFIG.to_dict())) == CONFIG
    assert Provenance.from_dict(round_trip(PROVENANCE.to_dict())) == PROVENANCE


def test_config_speaks_timm_at_the_top() -> None:
    document = replace(CONFIG, timm_name="resnet50").to_dict()
    assert document["architecture"] == "resnet50"
    assert document["num_classes"] == 5
    assert document["label_names"] == ["0", "1", "2", "3", "4"]
    assert document["pretrained_cfg"]["input_size"] == [1, 8, 8]
    assert document["prunarium"]["architecture"] == "toy"


@pytest.mark.parametrize(
    "change",
    [
        {"num_classes": 6},
        {"surplus": 1},
        {"pretrained_cfg": {**CONFIG.to_dict()["pretrained_cfg"], "mean": [0.5]}},
    ],
)
def test_keys_for_timm_may_not_contradict_ours(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(change))} contradict"):
        ModelConfig.from_dict({**CONFIG.to_dict(), **change})


@pytest.mark.parametrize("value", [{}, [], None, {"architecture": "resnet50"}])
def test_a_config_made_elsewhere_is_told_to_import(value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelConfig.from_dict(value)
    assert caught.value.hint is not None
    assert "import" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_size": (1, 0, 8)}, "input_size"),
        ({"input_size": (1, 8, 10**6)}, "input_size"),
        ({"mean": (0.0, 0.0)}, "1 values of mean, got 2"),
        ({"std": (0.0,)}, "std must be positive"),
        ({"interpolation": "cubic"}, "interpolation"),
        ({"crop_fraction": 1.5}, "crop_fraction"),
    ],
)
def test_impossible_preprocessing_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(PREPROCESSING, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_classes": 0}, "num_classes"),
        ({"num_classes": 2**40, "class_names": ()}, "num_classes"),
        ({"positions": {"conv": 2**40}}, "positions"),
        ({"class_names": ("a",)}, "5 classes, but 1 class names"),
        ({"positions": {"conv": 0}}, "positions"),
        ({"schema": 2}, "schema 2"),
    ],
)
def test_impossible_config_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(CONFIG, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "rigl"}, "slug gmp/toy/0.50-s0 is not rigl on toy"),
        ({"slug": "org/name"}, "'org/name' is no slug"),
        ({"sparsity_target": 1.0}, "sparsity_target"),
        ({"parent": "nobody"}, "neither a slug nor a Hub id"),
        ({"upstream_top1": 87.5}, "fraction"),
        ({"epochs": -1}, "negative"),
        ({"replicate": -1}, "negative"),
        ({"training_flops": -1.0}, "negative"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"schema": 2}, "schema 2"),
    ],
)
def test_impossible_provenance_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(PROVENANCE, **change)


def test_unknown_field_of_the_provenance_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"prunarium\.json: unknown fields sparcity"):
        Provenance.from_dict({**PROVENANCE.to_dict(), "sparcity": 1})
