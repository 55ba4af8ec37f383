"""Parquet repositories on a hub, read by the ``datasets`` library from the embedded hub."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_fixture import RunningHub
from miniature import point_datasets_at, publish_tables, samples, table, write_folders

from zoo.core.errors import UsageError
from zoo.data import load_calibration, load_data
from zoo.data.hub import HubSource
from zoo.errors import DataMismatchError, DataMissingError

datasets = pytest.importorskip("datasets")

NAMES = ("goldfish", "shark", "tench")
TRAIN, HELD_OUT = samples([4, 3, 2]), samples([1, 2, 1], start=50)


@pytest.fixture(scope="module")
def imagenet_like(hub: RunningHub) -> str:
    """The schema of ILSVRC/imagenet-1k: image, label; its test split has the label -1."""
    label = datasets.ClassLabel(names=list(NAMES))
    hidden = table(HELD_OUT, "image", {"label": label}, lambda _: -1)
    tables = {
        "train": table(TRAIN, "image", {"label": label}),
        "validation": table(HELD_OUT, "image", {"label": label}),
        "test": hidden,
    }
    return publish_tables(hub, "imagenet-like", tables)


@pytest.fixture(autouse=True)
def endpoint(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    point_datasets_at(hub, monkeypatch)


def test_images_labels_and_hash_are_those_of_the_same_files_in_folders(imagenet_like: str, tmp_path: Path) -> None:
    data = load_data(f"hub:{imagenet_like}?train=train&test=validation")
    write_folders(tmp_path / "train", TRAIN, NAMES)
    write_folders(tmp_path / "val", HELD_OUT, NAMES)
    judge = load_data(f"folder:{tmp_path}")
    assert data.class_names == judge.class_names
    assert data.sha256 == judge.sha256
    np.testing.assert_array_equal(data.splits["train"].images[5], judge.splits["train"].images[5])
    assert data.spec == f"hub:{imagenet_like}?train=train&test=validation"
    assert load_data(data.spec).sha256 == data.sha256


def test_a_split_without_labels_is_refused(imagenet_like: str) -> None:
    with pytest.raises(DataMismatchError, match="labels of test go from -1 to -1"):
        load_data(f"hub:{imagenet_like}")


def test_only_the_wanted_splits_are_downloaded(imagenet_like: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    original = datasets.load_dataset

    def spy(*args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs["data_files"])
        return original(*args, **kwargs)

    monkeypatch.setattr(datasets, "load_dataset", spy)
    load_data(f"hub:{imagenet_like}?train=train&test=validation")
    paths = [path for files in asked for found in files.values() for path in found]
    assert [path.rpartition("/")[2] for path in paths] == [
        "train-00000-of-00001.parquet",
        "validation-00000-of-00001.parquet",
    ]


def test_calibration_takes_the_training_split_alone(imagenet_like: str, tmp_path: Path) -> None:
    found = load_calibration(f"hub:{imagenet_like}", 5)
    assert (found.class_names, found.available, len(found.split)) == (NAMES, len(TRAIN), 5)
    assert found.spec == f"hub:{imagenet_like}?train=train"
    write_folders(tmp_path / "train", TRAIN, NAMES)
    everything = load_calibration(f"hub:{imagenet_like}", 100)
    assert everything.sha256 == load_calibration(f"folder:{tmp_path / 'train'}", 100).sha256


def test_two_splits_of_theirs_are_one_of_ours(imagenet_like: str) -> None:
    data = load_data(f"hub:{imagenet_like}?train=train+validation&test=validation")
    assert data.splits["train"].histogram(3) == (5, 5, 3)
    assert load_data(data.spec).sha256 == data.sha256


def test_columns_and_texts_as_labels(hub: RunningHub) -> None:
    # mteb/birdsnap keeps the name of the bird in the column "common"; uoft-cs/cifar100 calls its images "img".
    text = datasets.Value("string")
    kinds = {"common": text, "other": text}
    tables = {
        "train": table(TRAIN, "img", kinds, lambda sample: NAMES[sample.label]),
        "test": table(HELD_OUT, "img", kinds, lambda sample: NAMES[sample.label]),
    }
    where = publish_tables(hub, "birds-like", tables)
    data = load_data(f"hub:{where}?label=common")
    assert data.class_names == NAMES
    assert data.splits["test"].histogram(3) == (1, 2, 1)
    with pytest.raises(DataMismatchError, match="the columns img, common, other: which is the label") as caught:
        load_data(f"hub:{where}")
    assert "?label=COLUMN" in (caught.value.hint or "")


def test_plain_numbers_as_labels(hub: RunningHub) -> None:
    number = {"label": datasets.Value("int64")}
    where = publish_tables(
        hub, "numbered", {"train": table(TRAIN, "image", number), "test": table(HELD_OUT, "image", number)}
    )
    data = load_data(f"hub:{where}?label=label")
    assert data.class_names == ("0", "1", "2")
    assert data.splits["train"].histogram(3) == (4, 3, 2)


def test_an_unknown_split_names_those_that_are_there(imagenet_like: str) -> None:
    with pytest.raises(DataMismatchError, match="has no split dev, but test, train, validation"):
        load_data(f"hub:{imagenet_like}?train=train&test=dev")


def test_a_repository_that_is_not_there_is_one_clear_error(hub: RunningHub) -> None:
    with pytest.raises(DataMissingError, match="hub:prunarium/nothing-here@main cannot be had") as caught:
        load_data("hub:prunarium/nothing-here")
    assert "hf auth login" in (caught.value.hint or "")


@pytest.mark.parametrize("spec", ["hub:", "hub:name", "hub:a/b/c", "hub:/b"])
def test_no_repository_is_a_mistake_of_the_user(spec: str) -> None:
    with pytest.raises(UsageError, match="Write hub:OWNER/NAME@REVISION"):
        load_data(spec)


def test_an_unknown_option_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UsageError, match=r"unknown options \['columns'\]"):
        load_data("hub:a/b?columns=x")


def test_the_address_says_everything() -> None:
    source = HubSource(
        repo="a/b",
        revision="refs/convert/parquet",
        config="full data",
        splits={"test": "valid"},
        image="img",
        label="fine",
    )
    assert HubSource.parse(source.spec.removeprefix("hub:")) == source


@pytest.mark.slow
def test_the_environment_names_the_hub(imagenet_like: str, hub: RunningHub, tmp_path: Path) -> None:
    code = (
        "import sys; from zoo.data import load_data; data = load_data(sys.argv[1]);"
        "print(data.sha256, data.splits['train'].images[0].shape[2])"
    )
    spec = f"hub:{imagenet_like}?train=train&test=validation"
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-P", "-c", code, spec], capture_output=True, text=True, env=environment, check=True
    )
    assert run.stdout.split() == [load_data(spec).sha256, "3"]
