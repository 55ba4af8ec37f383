"""Finding the dense parent: one, none, several."""

from dataclasses import replace
from pathlib import Path

import pytest
from model_folders import CONFIG, PROVENANCE, arrays, write_toy

from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.folder import write_folder
from zoo.errors import ParentMissingError
from zoo.parents import find_parent


def parent(folder: Path, architecture: str = "toy", seed: int = 0) -> Path:
    path = folder / f"dense-{architecture}-0.00-s{seed}"
    provenance = replace(
        PROVENANCE, method="dense", architecture=architecture, slug=f"dense/{architecture}/0.00-s{seed}", parent=None
    )
    tensors = [from_numpy(name, values) for name, values in arrays().items()]
    write_folder(path, tensors, replace(CONFIG, architecture=architecture), provenance)
    return path


def test_the_parent_of_a_seed_is_found(tmp_path: Path) -> None:
    wanted = parent(tmp_path, seed=1)
    parent(tmp_path, seed=11)
    write_toy(tmp_path / "gmp-toy-0.50-s1")
    assert find_parent(tmp_path, None, 1).path == wanted
    assert find_parent(tmp_path, "toy", 1).path == wanted


def test_of_several_architectures_one_must_be_named(tmp_path: Path) -> None:
    parent(tmp_path, "toy")
    wanted = parent(tmp_path, "other")
    with pytest.raises(
        ParentMissingError, match=r"dense parents: dense-other-.*, dense-toy-.*\nChoose one with --arch"
    ):
        find_parent(tmp_path, None, 0)
    assert find_parent(tmp_path, "other", 0).path == wanted


def test_an_imported_network_is_the_parent_of_every_seed_that_has_no_other(tmp_path: Path) -> None:
    imported = parent(tmp_path).rename(tmp_path / "dense-toy-0.00-9742a93e")
    assert find_parent(tmp_path, None, 0).path == find_parent(tmp_path, "toy", 7).path == imported
    trained = parent(tmp_path, seed=7)
    assert find_parent(tmp_path, "toy", 7).path == trained
    assert find_parent(tmp_path, "toy", 0).path == imported


def test_a_missing_parent_and_a_missing_folder_say_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(
        ParentMissingError, match=r"no dense parent dense-toy-0.00-s3.\nMake it first: prunarium zoo train"
    ):
        find_parent(tmp_path, "toy", 3)
    with pytest.raises(ParentMissingError, match=r"no folder .*nowhere with dense parents"):
        find_parent(tmp_path / "nowhere", None, 0)
