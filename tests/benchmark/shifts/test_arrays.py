"""Published NumPy files: right rows, refused where they are not what they say, never unpickled into anything else."""

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_fixture import RunningHub
from miniature import point_datasets_at, publish_tables, samples, table
from shift_archives import part, parts, write_dictionary, write_pair, write_severities

from benchmark.errors import ManifestError
from benchmark.shifts import SHIFTS, PublishedShift
from benchmark.shifts._arrays import read_dictionary
from zoo.errors import DataMismatchError


def small(name: str, n_each: int, **changes: Any) -> PublishedShift:
    shift = SHIFTS[name]
    assert isinstance(shift, PublishedShift)
    return replace(shift, n_each=n_each, **changes)


def test_each_severity_is_its_own_fifth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_severities(tmp_path / "c", ["fog", "snow"], 20, 10)
    monkeypatch.setenv("PRUNARIUM_CIFAR10_C", str(tmp_path / "c"))
    sets = parts(small("cifar10-c@1", 20, per_class=2))
    for k, corruption in enumerate(["fog", "snow"]):
        for severity in range(1, 6):
            images = sets[f"{corruption}/{severity}"]
            pixels = np.asarray(images.images)
            assert (pixels[:, 5, 5] == 40 * severity + k).all()
            assert pixels[:, 0, 0, 0].tolist() == list(range(20))
            assert images.labels is not None
            assert images.labels.tolist() == [row % 10 for row in range(20)]
            assert tuple(images.ids) == tuple(f"{row:05d}" for row in range(20))
    with pytest.raises(ManifestError, match=r"no frost\.npy"):
        sets["frost/1"]
    with pytest.raises(ManifestError, match="expected 10,000 images, got 20"):
        part(SHIFTS["cifar10-c@1"], "fog/1")


def test_labels_that_are_not_five_times_the_same_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_severities(tmp_path / "c", ["fog"], 20, 10)
    monkeypatch.setenv("PRUNARIUM_CIFAR10_C", str(tmp_path / "c"))
    labels = np.load(tmp_path / "c" / "labels.npy")
    labels[57] = 1
    np.save(tmp_path / "c" / "labels.npy", labels)
    with pytest.raises(ManifestError, match="not five times the same"):
        part(small("cifar10-c@1", 20), "fog/1")
    np.save(tmp_path / "c" / "labels.npy", labels[:50])
    with pytest.raises(ManifestError, match="100 images and labels.npy 50"):
        part(small("cifar10-c@1", 20, version="b"), "fog/1")
    np.save(tmp_path / "c" / "fog.npy", np.zeros((100, 32, 32, 3)))
    with pytest.raises(ManifestError, match="expected bytes"):
        part(small("cifar10-c@1", 20, version="c"), "fog/1")


def test_a_pair_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pair(tmp_path / "c", 30, repeat=2)
    monkeypatch.setenv("PRUNARIUM_CIFAR10_1", str(tmp_path / "c"))
    images = part(small("cifar10.1@1", 30), "")
    assert images.labels is not None
    assert images.labels.dtype == np.int64
    assert images.ids[28] == f"{images.ids[0]}#2"
    assert len(set(images.ids)) == 30


def test_a_dictionary_of_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dictionary(tmp_path / "c", 30)
    monkeypatch.setenv("PRUNARIUM_CIFAR10_2", str(tmp_path / "c"))
    images = part(small("cifar10.2@1", 30), "")
    expected = np.load(tmp_path / "c" / "cifar102_test.npy", allow_pickle=True).item()
    np.testing.assert_array_equal(np.asarray(images.images), expected["images"])
    assert images.labels is not None
    assert images.labels.tolist() == expected["labels"].tolist()


class Bomb:
    """What a hostile file would do."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("burst",)


def test_a_file_that_would_run_something_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "bomb.npy", np.array({"images": Bomb()}, dtype=object), allow_pickle=True)
    with pytest.raises(DataMismatchError, match="it asks for posix.mkdir"):
        read_dictionary(tmp_path / "bomb.npy")
    assert not (tmp_path / "burst").exists()
    np.save(tmp_path / "list.npy", np.array([[1], [1, 2]], dtype=object), allow_pickle=True)
    with pytest.raises(DataMismatchError, match="holds no dictionary"):
        read_dictionary(tmp_path / "list.npy")
    (tmp_path / "text.npy").write_bytes(pickle.dumps({}))
    with pytest.raises(DataMismatchError, match="no dictionary of arrays"):
        read_dictionary(tmp_path / "text.npy")


def test_the_test_split_of_a_hub_and_not_its_training_images(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    point_datasets_at(hub, monkeypatch)
    number = datasets.Value("int64")
    tables = {
        "train": table(samples([3] * 10), "image", {"label": number}),
        "test": table(samples([1] * 10, start=50), "image", {"label": number}),
    }
    repository = publish_tables(hub, "cifar10-2-like", tables)
    monkeypatch.setenv("PRUNARIUM_CIFAR10_2", f"hub:{repository}")
    images = part(small("cifar10.2@1", 10), "")
    assert images.labels is not None
    assert images.labels.tolist() == list(range(10))
