"""One model: reproducible to the bit, described in full, reused when it is there, never replaced unasked."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_models import dense, hashes, pruned

from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.passport import measure
from zoo.core.errors import UsageError
from zoo.data import load_data
from zoo.errors import FolderTakenError
from zoo.make import make_model
from zoo.models import load_model
from zoo.request import Request
from zoo.train import evaluate


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(dense(tmp_path_factory.mktemp("parents"))).path


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory, parent: Path) -> Path:
    return make_model(pruned(tmp_path_factory.mktemp("children"), parent)).path


def test_the_same_request_gives_the_same_bits(tmp_path: Path, parent: Path, child: Path) -> None:
    make_model(dense(tmp_path))
    assert hashes(tmp_path) == hashes(parent.parent)
    make_model(pruned(tmp_path / "again", tmp_path / parent.name))
    assert hashes(tmp_path / "again") == hashes(child.parent)
    make_model(dense(tmp_path / "other", seed=1))
    assert set(hashes(tmp_path / "other").values()) != set(hashes(parent.parent).values())


def test_folders_say_how_the_model_was_made(parent: Path, child: Path) -> None:
    assert (parent.name, child.name) == ("dense-resnet8-digits-0.00-s0", "gmp-resnet8-digits-0.90-s0")
    folder = read_folder(child)
    provenance, config = folder.provenance, folder.config
    assert provenance.slug == "gmp/resnet8-digits/0.90-s0"
    assert provenance.title == "Gradual magnitude, ResNet-8 for 8×8 digits, 90% sparse, seed 0"
    assert (provenance.method, provenance.family, provenance.sparsity_target) == ("gmp", "magnitude", 0.9)
    assert provenance.method_config == {
        "begin": 0.0,
        "end": 0.6,
        "updates": 20,
        "initial": 0.0,
        "allocation": "global",
        "scope": "all",
    }
    assert provenance.parent == "dense/resnet8-digits/0.00-s0"
    assert provenance.parent_hash == hashes(parent.parent)[parent.name]
    assert (provenance.data, provenance.data_sha256) == ("digits:0-4", load_data("digits:0-4").sha256)
    assert (provenance.epochs, provenance.replicate, provenance.licence) == (1, 0, "Apache-2.0")
    assert provenance.training_flops is not None
    assert 0 < provenance.training_flops < (read_folder(parent).provenance.training_flops or 0)
    assert {"python", "torch", "numpy"} <= set(provenance.packages)
    assert (config.architecture, config.num_classes, config.classifier) == ("resnet8-digits", 5, "fc")
    assert config.class_names == ("0", "1", "2", "3", "4")


def test_sparsity_and_accuracy_in_the_folder_are_those_of_the_weights(child: Path) -> None:
    folder = read_folder(child)
    passport = measure(folder.weights, folder.config)
    assert passport.prunable_elements - passport.prunable_nonzeros >= round(0.9 * 19_304)
    assert passport.sparsity("prunable") == pytest.approx(0.9, abs=1e-4)
    model = load_model(child)
    score = evaluate(model, load_data("digits:0-4").splits["test"], folder.config.preprocessing)
    assert score.top1 == folder.provenance.upstream_top1
    assert not any(bool(torch.signbit(weight[weight == 0]).any()) for weight in model.parameters())


def test_what_is_there_is_reused(child: Path, parent: Path) -> None:
    before = (child / "model.safetensors").stat()
    made = make_model(pruned(child.parent, parent))
    assert made.reused
    assert (child / "model.safetensors").stat() == before
    assert made.upstream_top1 == read_folder(child).provenance.upstream_top1


def test_what_was_made_otherwise_is_not_replaced_unasked(tmp_path: Path) -> None:
    make_model(dense(tmp_path))
    before = hashes(tmp_path)
    with pytest.raises(FolderTakenError, match=r"made with other settings.\n.*--overwrite"):
        make_model(dense(tmp_path, epochs=2))
    assert hashes(tmp_path) == before
    assert not make_model(replace(dense(tmp_path, epochs=2), overwrite=True)).reused
    assert hashes(tmp_path) != before


def test_a_damaged_folder_is_named_and_not_replaced_unasked(tmp_path: Path) -> None:
    weights = make_model(dense(tmp_path)).path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(FolderTakenError, match=r"cannot be read: .*model\.safetensors"):
        make_model(dense(tmp_path))


def test_a_damaged_parent_is_one_clear_error(tmp_path: Path, parent: Path) -> None:
    broken = make_model(dense(tmp_path)).path
    (broken / "model.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        make_model(pruned(tmp_path, broken))
    assert not (tmp_path / "gmp-resnet8-digits-0.90-s0").exists()


def test_a_parent_must_be_dense_and_of_the_same_data(tmp_path: Path, parent: Path, child: Path) -> None:
    with pytest.raises(UsageError, match="is gmp on resnet8-digits"):
        make_model(pruned(tmp_path, child))
    with pytest.raises(UsageError, match="must be dense on resnet8-digits, trained on digits:5-9"):
        make_model(replace(pruned(tmp_path, parent), data="digits:5-9"))


@pytest.mark.parametrize("target", [1.5, 1.0, -0.1, 0.905, float("nan")])
def test_impossible_sparsities_are_refused(tmp_path: Path, target: float) -> None:
    with pytest.raises(UsageError, match="in hundredths"):
        pruned(tmp_path, tmp_path, target=target)


@pytest.mark.parametrize("values", [("dense", 0.9, None), ("gmp", 0.0, Path()), ("dense", 0.0, Path())])
def test_dense_means_zero_and_no_parent(values: tuple[str, float, Path | None]) -> None:
    method, target, parent = values
    with pytest.raises(UsageError):
        Request(method, "resnet8-digits", "digits:0-4", target, 0, Path(), parent)


def test_a_pruned_network_learns_from_its_dense_parent_on_request(tmp_path: Path, parent: Path) -> None:
    request = replace(pruned(tmp_path / "taught", parent, "random"), settings=("distillation=0.5", "norm_batches=2"))
    training = read_folder(make_model(request).path).provenance.training
    assert training is not None
    assert (training.config["distillation"], training.config["norm_batches"]) == (0.5, 2)
    alone = make_model(pruned(tmp_path / "alone", parent, "random")).path
    assert hashes(request.path.parent) != hashes(alone.parent)


def test_a_parent_is_needed_only_where_a_method_starts_from_it(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"Gradual magnitude starts from a dense parent, and none was given\.\nMake one:"
    ):
        make_model(Request("gmp", "resnet8-digits", "digits:0-4", 0.9, 0, tmp_path, epochs=1))
    made = make_model(Request("random", "resnet8-digits", "digits:0-4", 0.9, 0, tmp_path, epochs=1))
    assert read_folder(made.path).provenance.parent is None


@pytest.mark.parametrize(("method", "inherits"), [("random", False), ("gmp", True)])
def test_weights_of_the_parent_count_for_methods_that_start_from_it(
    tmp_path: Path, parent: Path, method: str, inherits: bool
) -> None:
    other = make_model(dense(tmp_path / "other", epochs=2)).path
    first = make_model(pruned(tmp_path / "a", parent, method)).path
    second = make_model(pruned(tmp_path / "b", other, method)).path
    assert (hashes(first.parent) != hashes(second.parent)) is inherits
    assert read_folder(first).provenance.parent_hash != read_folder(second).provenance.parent_hash


def test_another_parent_or_other_data_is_another_model(tmp_path: Path, parent: Path) -> None:
    make_model(pruned(tmp_path, parent))
    with pytest.raises(FolderTakenError):
        make_model(pruned(tmp_path, make_model(dense(tmp_path / "other", epochs=2)).path))
    make_model(dense(tmp_path))
    with pytest.raises(FolderTakenError):
        make_model(replace(dense(tmp_path), data="digits:5-9"))
