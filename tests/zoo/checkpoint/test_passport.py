"""Counts from bytes, against counts made with torch from the library's reading of the same file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_folders import CONFIG, arrays, write_toy
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode

from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.errors import ConfigError, TensorFileError
from zoo.checkpoint.passport import Passport, measure, measure_tensors
from zoo.checkpoint.strict import dump_json, parse_json
from zoo.checkpoint.torch_io import tensors_of
from zoo.core.hashing import RawTensor
from zoo.flops import positions
from zoo.models import build
from zoo.prunable import prunable_parameters


def test_counts_of_a_model_written_by_hand(tmp_path: Path) -> None:
    """conv 18 of 36 kept, fc 10 of 20, bias 4 of 5; one zero is a -0.0; FLOPs 2 · (36·64 + 20·1)."""
    passport = measure(write_toy(tmp_path / "toy").weights, CONFIG)
    assert (passport.prunable_elements, passport.prunable_nonzeros) == (56, 28)
    assert (passport.elements, passport.nonzeros) == (61, 32)
    assert passport.sparsity() == 0.5
    assert passport.sparsity("total") == pytest.approx(29 / 61)
    assert (passport.flops_dense, passport.flops_sparse) == (2 * (36 * 64 + 20), 2 * (18 * 64 + 10))
    assert passport.bytes_dense == 4 * (36 + 20 + 5 + 4) + 8
    assert (passport.dtypes, passport.non_finite, passport.pattern) == (("F32", "I64"), 0, "unstructured")
    assert [layer.name for layer in passport.layers] == ["conv.weight", "fc.bias", "fc.weight"]
    assert [layer.prunable for layer in passport.layers] == [True, False, True]
    assert (passport.architecture, passport.preprocessing_hash) == ("toy", CONFIG.preprocessing.hash())


def test_densified_and_mask_hash_are_pinned() -> None:
    """Computed by a script of its own with hashlib and struct from the definition in zoo/core/hashing.py.

    Two tensors: fc.bias [1.0] and fc.weight [[0.5, 0.0]], F32.
    """
    tensors = [
        RawTensor("fc.weight", "F32", (1, 2), b"\x00\x00\x00\x3f\x00\x00\x00\x00"),
        RawTensor("fc.bias", "F32", (1,), b"\x00\x00\x80\x3f"),
    ]
    passport = measure_tensors(tensors)
    assert passport.densified_hash == "d1:4c21518d122cc55a26edea0675f11ca2921a307018a0efc7fc9f3de86066c17d"
    assert passport.mask_hash == "m1:05d6021504d85812cac2967fcb84c64ead7b90b0d97b237da02b741fbe7e4aa5"
    assert measure_tensors(tensors[::-1]) == passport


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_counts_equal_torchs_own(dtype: torch.dtype, tmp_path: Path) -> None:
    """The oracle writes, reads and counts with other code: safetensors and torch."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(8, 4, 3, 3, generator=generator)
    weights = (weights * (torch.rand(weights.shape, generator=generator) < 0.3)).to(dtype)
    path = tmp_path / "w.safetensors"
    save_file({"conv.weight": weights, "bn.weight": torch.ones(8, dtype=dtype), "steps": torch.arange(3)}, path)
    passport = measure(path)
    state = load_file(path)
    assert passport.prunable_nonzeros == int(state["conv.weight"].count_nonzero())
    assert torch.signbit(weights).logical_and(weights == 0).any(), "the case must hold negative zeros"
    assert passport.nonzeros == sum(int(value.count_nonzero()) for name, value in state.items() if name != "steps")
    assert passport.bytes_dense == sum(value.nbytes for value in state.values())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_nan_and_infinity_are_counted_wherever_they_stand(dtype: torch.dtype, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    bad = torch.tensor([[1.0, float("nan")], [float("inf"), -float("inf")]], dtype=dtype)
    save_file({"fc.weight": bad, "bn.running_var": bad.clone(), "n": torch.arange(2)}, path)
    passport = measure(path)
    assert passport.non_finite == 6
    assert passport.prunable_nonzeros == 4


def test_without_a_description_there_is_no_identity_and_no_flops(tmp_path: Path) -> None:
    passport = measure(write_toy(tmp_path / "toy").weights)
    assert (passport.architecture, passport.preprocessing_hash) == (None, None)
    assert (passport.flops_dense, passport.flops_sparse) == (None, None)


@pytest.mark.parametrize("config", [replace(CONFIG, positions={}), replace(CONFIG, positions={"absent": 1})])
def test_flops_are_missing_never_zero(config: ModelConfig, tmp_path: Path) -> None:
    passport = measure(write_toy(tmp_path / "toy").weights, config)
    assert (passport.flops_dense, passport.flops_sparse) == (None, None)


def test_two_of_four_is_seen_and_dense_layers_do_not_hide_it() -> None:
    weights = np.ones((8, 64), np.float32)
    order = np.random.default_rng(0).random((8, 16, 4)).argsort(axis=2).argsort(axis=2)
    weights[order.reshape(8, 64) >= 2] = 0
    passport = measure_tensors(
        [from_numpy("a.weight", weights), from_numpy("stem.weight", np.ones((8, 3, 3, 3), np.float32))]
    )
    assert passport.pattern == "2:4"


def test_nothing_prunable_is_sparsity_zero() -> None:
    passport = measure_tensors([])
    assert (passport.sparsity("prunable"), passport.sparsity("total")) == (0.0, 0.0)


def test_one_changed_bit_is_another_model(tmp_path: Path) -> None:
    assert measure(write_toy(tmp_path / "a").weights) == measure(write_toy(tmp_path / "b").weights)
    values = arrays()
    values["fc.bias"][0] = np.nextafter(values["fc.bias"][0], np.float32(2))
    changed = measure_tensors(from_numpy(name, array) for name, array in values.items())
    original = measure_tensors(from_numpy(name, array) for name, array in arrays().items())
    assert changed.densified_hash != original.densified_hash
    assert changed.mask_hash == original.mask_hash


def test_document_round_trip_and_contradictions(tmp_path: Path) -> None:
    passport = measure(write_toy(tmp_path / "toy").weights, CONFIG)
    document = parse_json(dump_json(passport.to_json()), "passport")
    assert document["sparsity"] == {
        "prunable": 0.5, "total": pytest.approx(29 / 61), "stored": pytest.approx(33 / 65)}  # fmt: skip
    assert Passport.from_json(document) == passport
    with pytest.raises(ConfigError):
        Passport.from_json([])


LIES: dict[str, dict[str, Any]] = {
    "sparsity": {"sparsity": {"prunable": 0.9, "total": 0.9, "stored": 0.9}},
    "sparsity without stored": {"sparsity": {"prunable": 0.5, "total": 29 / 61}},
    "elements": {"elements": 62},
    "non-zeros": {"nonzeros": 31},
    "prunable non-zeros": {"prunable_nonzeros": 27},
    "dead channels": {"dead_channels": 3},
    "pattern": {"pattern": "2:4"},
    "pattern of no kind": {"pattern": "block:0x0"},
    "schema of tomorrow": {"schema": 3},
    "schema as text": {"schema": "2"},
    "no schema": {"schema": None},
    "unknown field": {"extra": 1},
    "mistyped": {"dtypes": "F32"},
    "encoding missing": {"encodings": {"dense": 268}},
    "encoding dense": {"encodings": {"dense": 1, "bitmask": 1, "csr": 1, "gaps": 1, "floor": 1}},
    "schema 1 with fields of schema 2": {"schema": 1},
    "layers of numbers": {"layers": [1]},
    "layers of numbers in schema 1": {"schema": 1, "layers": 3},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_document_that_contradicts_itself_is_refused(lie: str, tmp_path: Path) -> None:
    document = measure(write_toy(tmp_path / "toy").weights, CONFIG).to_json()
    assert Passport.from_json(document)
    with pytest.raises(ConfigError, match=r"passport\.json"):
        Passport.from_json({**document, **LIES[lie]})


SCHEMA_1 = {
    "densified_hash": "d1:" + "1" * 64, "mask_hash": "m1:" + "2" * 64, "architecture": None,
    "preprocessing_hash": None, "pattern": "unstructured", "dtypes": ["F32"], "bytes_dense": 24, "elements": 6,
    "nonzeros": 4, "prunable_elements": 4, "prunable_nonzeros": 2, "non_finite": 0, "flops_dense": None,
    "flops_sparse": None, "schema": 1, "sparsity": {"prunable": 0.5, "total": 1 - 4 / 6},
    "layers": [
        {"name": "a.bias", "shape": [2], "elements": 2, "nonzeros": 2, "prunable": False},
        {"name": "a.weight", "shape": [2, 2], "elements": 4, "nonzeros": 2, "prunable": True},
    ],
}  # fmt: skip


def test_the_first_schema_is_upgraded_and_what_it_had_not_is_unknown() -> None:
    """The document was written by the first release, with other numbers."""
    passport = Passport.from_json(SCHEMA_1)
    assert (passport.schema, passport.sparsity(), passport.sparsity("stored")) == (2, 0.5, None)
    assert (passport.stored_elements, passport.dead_channels, passport.encodings) == (None, None, None)
    assert [(layer.pattern, layer.dead_channels) for layer in passport.layers] == [(None, None)] * 2
    assert Passport.from_json(parse_json(dump_json(passport.to_json()), "passport")) == passport
    with pytest.raises(ConfigError):
        Passport.from_json({**SCHEMA_1, "elements": 7})


def test_only_what_a_passport_states_can_contradict(tmp_path: Path) -> None:
    measured = measure(write_toy(tmp_path / "toy").weights, CONFIG)
    assert measured.contradictions(measured) == []
    old = replace(
        measured, stored_elements=None, stored_nonzeros=None, dead_channels=None, encodings=None, pattern="1:4",
        layers=tuple(replace(layer, pattern=None, dead_channels=None) for layer in measured.layers))  # fmt: skip
    assert old.contradictions(measured) == [], "the first release knew fewer patterns"
    assert replace(measured, pattern="1:4").contradictions(measured) == ["pattern"]
    assert replace(measured, dead_channels=1, non_finite=1).contradictions(measured) == ["dead_channels", "non_finite"]
    renamed = (replace(measured.layers[0], name="other.weight"), *measured.layers[1:])
    assert replace(measured, layers=renamed).contradictions(measured) == ["layers"]
    denser = (replace(measured.layers[0], nonzeros=20), *measured.layers[1:])
    assert replace(measured, layers=denser).contradictions(measured) == ["nonzeros of conv.weight"]


def test_dead_channels_are_outputs_whose_weights_are_all_zero() -> None:
    weights = np.ones((6, 4, 3, 3), np.float32)
    weights[[1, 4]] = 0
    weights[2, :3] = 0
    weights[4, 0, 0, 0] = -0.0
    linear = np.ones((5, 6), np.float32)
    linear[:, 1] = 0
    passport = measure_tensors(
        [from_numpy("a.weight", weights), from_numpy("a.bias", np.zeros(6, np.float32)), from_numpy("b.weight", linear)]
    )
    assert [(layer.name, layer.dead_channels) for layer in passport.layers] == [
        ("a.bias", None), ("a.weight", 2), ("b.weight", 0)]  # fmt: skip
    assert passport.dead_channels == 2


def test_the_stored_denominator_counts_running_statistics_and_no_integers() -> None:
    passport = measure_tensors(
        [
            from_numpy("bn.running_mean", np.array([0, 0, 1], np.float32)),
            from_numpy("bn.running_var", np.ones(3, np.float32)),
            from_numpy("bn.weight", np.array([0, 1, 1], np.float32)),
            from_numpy("bn.num_batches_tracked", np.array(0, np.int64)),
        ]
    )
    assert (passport.elements, passport.nonzeros) == (3, 2)
    assert (passport.stored_elements, passport.stored_nonzeros) == (9, 6)
    assert passport.sparsity("stored") == pytest.approx(1 / 3)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_permuting_channels_changes_no_count(seed: int, density: float) -> None:
    """Outputs of one layer with the inputs of the next, as any equivalent network has them."""
    rng = np.random.default_rng(seed)
    first = (rng.standard_normal((8, 4, 3, 3)) * (rng.random((8, 4, 3, 3)) < density)).astype(np.float32)
    second = (rng.standard_normal((6, 8)) * (rng.random((6, 8)) < density)).astype(np.float32)
    first[rng.random(8) < 0.3] = 0
    order = rng.permutation(8)
    before = measure_tensors([from_numpy("a.weight", first), from_numpy("b.weight", second)])
    after = measure_tensors([from_numpy("a.weight", first[order]), from_numpy("b.weight", second[:, order])])
    for field in ("elements", "nonzeros", "prunable_nonzeros", "stored_nonzeros", "dead_channels", "bytes_dense"):
        assert getattr(before, field) == getattr(after, field), field
    assert before.encodings is not None
    assert after.encodings is not None
    for name in ("dense", "bitmask", "csr", "floor"):
        assert before.encodings[name] == after.encodings[name], name
    assert Passport.from_json(parse_json(dump_json(before.to_json()), "passport")) == before


def test_the_flops_of_resnet50_are_those_that_torch_counts() -> None:
    """Against torch's own counter of the executed operators. How long it takes is measured by `make speed`."""
    torch.manual_seed(0)
    model = build("resnet50", 1000).eval()
    with torch.no_grad():
        for weight in prunable_parameters(model).values():
            weight[torch.rand_like(weight) < 0.9] = 0.0
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 3, 64, 64))
    config = replace(CONFIG, positions=positions(model, (3, 64, 64)))
    passport = measure_tensors(tensors_of(model), config)
    assert passport.flops_dense == counter.get_total_flops()
    assert passport.flops_dense is not None
    assert passport.flops_sparse is not None
    assert passport.flops_sparse / passport.flops_dense == pytest.approx(0.1, abs=0.002)
    assert passport.prunable_elements == 25_502_912
    assert passport.pattern == "unstructured"


def test_a_broken_file_has_no_passport(tmp_path: Path) -> None:
    folder = write_toy(tmp_path / "toy")
    folder.weights.write_bytes(folder.weights.read_bytes()[:-1])
    with pytest.raises(TensorFileError, match=r"model\.safetensors"):
        measure(folder.weights, CONFIG)
