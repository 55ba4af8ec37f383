"""Whole folders or none."""

from dataclasses import replace
from pathlib import Path

import pytest
from model_folders import CONFIG, PROVENANCE, write_toy

from zoo.checkpoint.errors import CheckpointError, TensorFileError
from zoo.checkpoint.folder import CONFIG as CONFIG_FILE
from zoo.checkpoint.folder import PROVENANCE as PROVENANCE_FILE
from zoo.checkpoint.folder import WEIGHTS, read_folder, write_folder
from zoo.checkpoint.strict import dump_json
from zoo.core.hashing import RawTensor


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written = write_toy(tmp_path / "toy")
    assert read_folder(tmp_path / "toy") == written
    assert (written.config, written.provenance) == (CONFIG, PROVENANCE)
    assert sorted(file.name for file in written.path.iterdir()) == [CONFIG_FILE, WEIGHTS, PROVENANCE_FILE]


def test_equal_models_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_toy(tmp_path / name)
    for file in (WEIGHTS, CONFIG_FILE, PROVENANCE_FILE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path) -> None:
    old = write_toy(tmp_path / "toy")
    weights = old.weights.read_bytes()
    with pytest.raises(TensorFileError):
        write_folder(old.path, [RawTensor("w", "F32", (9,), b"short")], CONFIG, PROVENANCE)
    assert old.weights.read_bytes() == weights
    assert [entry.name for entry in tmp_path.iterdir()] == ["toy"]


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG_FILE, PROVENANCE_FILE])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    folder = write_toy(tmp_path / "toy")
    (folder.path / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        read_folder(folder.path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere: there is no such model folder"):
        read_folder(tmp_path / "nowhere")


def test_two_architectures_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = write_toy(tmp_path / "toy")
    (folder.path / CONFIG_FILE).write_bytes(dump_json(replace(CONFIG, architecture="other").to_dict()))
    with pytest.raises(CheckpointError, match="architecture other"):
        read_folder(folder.path)
