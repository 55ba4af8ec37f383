"""``prunarium pack`` and ``unpack`` as a user runs them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_folders import write_toy
from raw_tensors import normal_tensor

from prunarium.cli import run
from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.safetensors_file import write_tensors
from zoo.core.hashing import densified_hash

MODEL = [normal_tensor("layer.weight", "F32", (100, 500), 0.9), from_numpy("layer.bias", np.ones(100, np.float32))]


def document(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    capsys.readouterr()
    assert run([*args, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def dense(tmp_path: Path) -> Path:
    write_tensors(tmp_path / "mine.safetensors", MODEL)
    return tmp_path / "mine.safetensors"


def test_a_file_is_packed_and_unpacked_to_the_same_bytes(dense: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = dense.read_bytes()
    packed = document(capsys, "pack", str(dense))
    sparse = dense.with_name("mine.sparse.safetensors")
    assert packed["file"] == str(sparse)
    assert packed["densified_hash"] == densified_hash(MODEL)
    assert (packed["dense_bytes"], packed["sparse_bytes"]) == (len(before), sparse.stat().st_size)
    assert packed["times_smaller"] > 8
    assert 1 < packed["times_floor"] < 1.06
    assert packed["negative_zeros"] == 0
    dense.unlink()
    unpacked = document(capsys, "unpack", str(sparse))
    assert (unpacked["file"], unpacked["densified_hash"]) == (str(dense), packed["densified_hash"])
    assert dense.read_bytes() == before


def test_both_files_of_a_folder_are_one_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_toy(tmp_path / "toy").path
    assert run(["pack", str(folder)]) == 0
    assert "times the entropy floor" in capsys.readouterr().out
    assert run(["inspect", str(folder / WEIGHTS), str(folder / SPARSE_WEIGHTS)]) == 0
    assert "One model" in capsys.readouterr().err
    before = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).unlink()
    assert run(["unpack", str(folder)]) == 0
    assert (folder / WEIGHTS).read_bytes() == before


def test_a_file_that_is_there_is_replaced_only_when_told(dense: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sparse = dense.with_name("mine.sparse.safetensors")
    sparse.write_bytes(b"precious")
    assert run(["pack", str(dense)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert sparse.read_bytes() == b"precious"
    document(capsys, "pack", str(dense), "--overwrite")
    assert run(["unpack", str(sparse)]) == 2
    assert run(["unpack", str(sparse), "--overwrite"]) == 0


def test_the_file_that_is_read_is_never_written(dense: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = dense.read_bytes()
    assert run(["pack", str(dense), "--out", str(dense), "--overwrite"]) == 2
    assert "at once" in capsys.readouterr().err
    assert dense.read_bytes() == before


def test_out_may_be_a_folder(dense: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").mkdir()
    packed = document(capsys, "pack", str(dense), "--out", str(tmp_path / "there"))
    assert packed["file"] == str(tmp_path / "there" / "mine.sparse.safetensors")


def test_negative_zeros_are_kept_and_mentioned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = np.zeros(10_000, np.float32)
    values[:3000] = -0.0
    write_tensors(tmp_path / "w.safetensors", [from_numpy("w", values)])
    assert run(["pack", str(tmp_path / "w.safetensors")]) == 0
    assert "3,000 zeros are -0.0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["pack", "absent.safetensors"], 2, "There is no file absent.safetensors."),
        (["pack", "empty"], 2, "There is no file empty/model.safetensors."),
        (["pack", "junk"], 1, "junk"),
        (["unpack", "empty"], 2, "There is no file empty/model.sparse.safetensors."),
        (["unpack", "mine.safetensors"], 2, "mine.safetensors is no sparse file"),
        (["pack", "packed.sparse.safetensors"], 2, "is a sparse file already"),
    ],
)
def test_wrong_input_is_one_clear_error(
    args: list[str],
    code: int,
    message: str,
    dense: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk").write_bytes(b"junk")
    document(capsys, "pack", str(dense), "--out", "packed.sparse.safetensors")
    files = sorted(tmp_path.iterdir())
    assert run(args) == code
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == files
