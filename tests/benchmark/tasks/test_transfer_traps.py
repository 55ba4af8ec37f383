"""Traps of transfer measurements that silently make numbers wrong, and the test that fails when one is fallen into.

The numbers are those of docs/benchmark.md, where the table of all of them is; here are the tests that have no other
place.
"""

from pathlib import Path
from typing import Any

import pytest
from counted_images import CountedImages
from network_folders import write_network

from benchmark.job import Job
from benchmark.protocols import PROTOCOLS, Subject
from benchmark.run_job import run_job
from benchmark.tasks import ImageSet, find_task
from registry.blobs import BlobStore
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model

# Classes, training images, test images and metric of Kornblith's protocol as Salman et al. and IST-DASLab use it.
TASKS: dict[str, tuple[int, int, int, str]] = {
    "aircraft": (100, 6_667, 3_333, "mean-per-class"),
    "birdsnap": (500, 47_386, 2_443, "top1"),
    "caltech101": (101, 3_030, 5_647, "mean-per-class"),
    "caltech256": (257, 15_420, 15_187, "mean-per-class"),
    "cars": (196, 8_144, 8_041, "top1"),
    "cifar10": (10, 50_000, 10_000, "top1"),
    "cifar100": (100, 50_000, 10_000, "top1"),
    "dtd": (47, 3_760, 1_880, "top1"),
    "flowers102": (102, 2_040, 6_149, "mean-per-class"),
    "food101": (101, 75_750, 25_250, "top1"),
    "pets": (37, 3_680, 3_669, "mean-per-class"),
    "sun397": (397, 19_850, 19_850, "top1"),
}


@pytest.mark.parametrize("name", TASKS)
def test_sizes_classes_and_metric_are_those_of_the_protocol(name: str) -> None:
    """Traps 4, 16 and 17: another split, the other mean, the background class, a 57th kind of texture."""
    task: Any = find_task(f"{name}@1")
    classes, train, test, metric = TASKS[name]
    assert (task.classes, task.data.splits["train"].n) == (classes, train)
    assert task.n_test == test
    assert task.primary_metric.startswith(metric)
    assert not any("background" in each.lower() for each in task.data.class_names)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_preprocessing_is_the_checkpoints_and_stands_beside_the_number(
    interpolation: str, tmp_path: Path, sparse_model: ModelFolder
) -> None:
    """Trap 18: RigL's networks need bicubic images, and a result must say what its network was fed."""
    network = write_network(tmp_path / "m", interpolation=interpolation, crop_fraction=0.875)
    outcome = run_job(Job(1, "m", "digits-5-9@1", "knn@1", 0), network.path, BlobStore("memory://fed"))
    for row in outcome.results:
        assert row.provenance["preprocessing"] == network.config.preprocessing.to_dict()
        assert row.provenance["preprocessing"]["interpolation"] == interpolation
        assert row.provenance["preprocessing"]["crop_fraction"] == 0.875


@pytest.mark.parametrize("name", ["linear@2", "linear-reference@1", "few-shot-5@1", "knn@1"])
def test_the_test_images_are_looked_at_once(
    name: str, sparse_model: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published code evaluates them after each of 150 epochs, and its best epoch is better than its last."""
    task: Any = find_task("digits-5-9@1")
    real = task.image_sets()[""]
    counted = CountedImages(real.images)
    monkeypatch.setattr(type(task), "image_sets", lambda _: {"": ImageSet(counted, None, real.ids)})
    subject = Subject(load_model(sparse_model.path), "fc", sparse_model.config.preprocessing)
    PROTOCOLS[name]().run(subject, task, 0, 1)
    assert set(counted.decoded) == {1}
