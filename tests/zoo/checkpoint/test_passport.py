"""Counts from bytes, against counts made with torch from the library's reading of the same file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from model_folders import CONFIG, arrays, write_toy
from safetensors.torch import load_file, save_file

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.errors import ConfigError, TensorFileError
from zoo.checkpoint.passport import Passport, is_parameter, is_prunable, measure, measure_tensors
from zoo.checkpoint.strict import dump_json, parse_json
from zoo.checkpoint.torch_io import specs_of
from zoo.core.hashing import RawTensor
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
    for change in ({"sparsity": {"prunable": 0.9, "total": 0.9}}, {"elements": 62}, {"schema": 3}, {"extra": 1}):
        with pytest.raises(ConfigError):
            Passport.from_json({**document, **change})
    with pytest.raises(ConfigError):
        Passport.from_json([])


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_bytes_and_modules_agree_on_what_is_prunable(architecture: str) -> None:
    """The rule by name and shape against the rule by kind of module, on torch's meta device."""
    with torch.device("meta"):
        model = build(architecture, 3)
    by_name = {spec.name for spec in specs_of(model) if is_prunable(RawTensor(spec.name, spec.dtype, spec.shape, b""))}
    assert by_name == set(prunable_parameters(model))
    counted = {spec.name for spec in specs_of(model) if is_parameter(RawTensor(spec.name, spec.dtype, spec.shape, b""))}
    assert counted == {name for name, _ in model.named_parameters()}


def test_a_broken_file_has_no_passport(tmp_path: Path) -> None:
    folder = write_toy(tmp_path / "toy")
    folder.weights.write_bytes(folder.weights.read_bytes()[:-1])
    with pytest.raises(TensorFileError, match=r"model\.safetensors"):
        measure(folder.weights, CONFIG)
