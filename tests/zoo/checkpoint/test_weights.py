"""One door for both files of weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
from model_folders import arrays, write_toy
from raw_tensors import normal_tensor

from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.errors import CheckpointError, TensorFileError
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS, read_folder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.safetensors_file import read_tensors, write_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.weights import iter_weights, read_weights, weights_in
from zoo.core.hashing import RawTensor, densified_hash

MODEL = [from_numpy(name, values) for name, values in arrays().items()]
MODEL.append(normal_tensor("large.weight", "F32", (100, 100), 0.9))


@pytest.fixture(params=[write_tensors, write_sparse], ids=["dense", "sparse"])
def weights(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    write: Callable[[Path, list[RawTensor]], object] = request.param
    write(tmp_path / "any name", MODEL)
    return tmp_path / "any name"


def test_either_file_is_read_whatever_its_name(weights: Path) -> None:
    found = read_weights(weights)
    assert [tensor.name for tensor in found][:2] == ["bn.num_batches_tracked", "bn.running_mean"]
    assert densified_hash(found) == densified_hash(MODEL) == measure(weights).densified_hash


def test_other_people_of_the_machine_may_read_either_file(weights: Path) -> None:
    (weights.parent / "plain").touch()
    assert weights.stat().st_mode == (weights.parent / "plain").stat().st_mode


def test_named_tensors_of_either_file(weights: Path) -> None:
    found = read_weights(weights, {"large.weight", "fc.bias"})
    assert sorted(tensor.name for tensor in found) == ["fc.bias", "large.weight"]
    assert {bytes(tensor.data) for tensor in found} == {bytes(MODEL[4].data), bytes(MODEL[5].data)}
    with pytest.raises(TensorFileError, match=r"any name: holds no tensor 'fc', 'nothing'\."):
        read_weights(weights, ["fc.bias", "nothing", "fc"])
    assert read_weights(weights, []) == []


def test_either_file_streams_by_name(weights: Path) -> None:
    found = list(iter_weights(weights))
    assert [tensor.name for tensor in found] == sorted(tensor.name for tensor in MODEL)
    assert densified_hash(found) == densified_hash(MODEL)


def test_a_folder_may_hold_either_file_and_the_dense_one_goes_first(tmp_path: Path) -> None:
    folder = write_toy(tmp_path / "toy")
    write_sparse(folder.path / SPARSE_WEIGHTS, read_tensors(folder.path / WEIGHTS))
    assert read_folder(folder.path).weights == folder.path / WEIGHTS
    before = measure(folder.weights)
    (folder.path / WEIGHTS).unlink()
    assert read_folder(folder.path).weights == folder.path / SPARSE_WEIGHTS
    assert measure(folder.weights) == before
    (folder.path / SPARSE_WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match=f"{WEIGHTS} is missing, and so is {SPARSE_WEIGHTS}"):
        weights_in(folder.path)
