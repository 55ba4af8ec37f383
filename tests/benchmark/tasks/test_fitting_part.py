"""Where no split is left to fit a temperature on, a part of the test images is, and only ranks count it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from miniature_archives import TEST, small_manifest, write_archive
from network_folders import write_network

from benchmark.data import fetch
from benchmark.fitting import temperature_of
from benchmark.inference import predict
from benchmark.job import Job
from benchmark.logits import Logits
from benchmark.predictions import Predictions
from benchmark.protocols import Subject
from benchmark.protocols.as_published import AsPublished
from benchmark.results import Outcome, read_predictions
from benchmark.run_job import run_job
from benchmark.scoring import AFTER_TEMPERATURE
from benchmark.shifts import SHIFTS
from benchmark.tasks import TASKS, SourcedManifest, UpstreamTask, find_task
from registry.blobs import BlobStore
from zoo.checkpoint.folder import ModelFolder
from zoo.data import Images
from zoo.models import load_model

FITTING = (1, 1, 2)  # of 3, 2 and 4 images of a class


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UpstreamTask:
    """ImageNet's task, of nine images of three classes, in the place of the real one."""
    monkeypatch.setenv("PRUNARIUM_DATA", str(tmp_path / "data"))
    write_archive("pets", tmp_path / "data" / "pets", monkeypatch)
    manifest = small_manifest("pets")
    real = find_task("imagenet@1")
    assert isinstance(real, UpstreamTask)
    small = replace(real, data=replace(manifest, validation_fraction=0.0), fitting_fraction=0.4)
    monkeypatch.setitem(TASKS._entries, real.id, small)
    return small


def _fetch(task: UpstreamTask) -> None:
    assert isinstance(task.data, SourcedManifest)
    fetch(task.data, "archive:pets", pin=True)


@pytest.fixture
def network(tmp_path: Path) -> ModelFolder:
    return write_network(tmp_path / "m", sparsity=0.5, architecture="resnet20-cifar", classes=3)


def _measure(task: str, network: ModelFolder, tmp_path: Path) -> tuple[Outcome, Mapping[str, Predictions]]:
    blobs = BlobStore(f"file://{tmp_path / 'blobs'}")
    outcome = run_job(Job(1, "m", task, "as-published@1", 0), network.path, blobs)
    return outcome, read_predictions(outcome.predictions, blobs)


def test_top1_is_of_all_images_and_the_rest_of_those_without_a_temperature(
    task: UpstreamTask, network: ModelFolder, tmp_path: Path
) -> None:
    _fetch(task)
    outcome, stored = _measure(task.id, network, tmp_path)
    tested, fitting = stored[""], stored["validation"]
    assert sorted(fitting.samples.columns.labels) == [0, 1, 2, 2]
    assert set(tested.ids) | set(fitting.ids) == set(task.data.split("test").ids)
    assert not set(tested.ids) & set(fitting.ids)
    found = {row.metric.partition("@")[0]: row for row in outcome.results if not row.condition}
    right = sum(part.samples.columns.correct().sum() for part in (tested, fitting))
    assert found["top1"].value == pytest.approx(right / sum(TEST))
    assert found["top1"].n == sum(TEST)
    assert {found[name].n for name in ("nll", "brier", "ece15", "mean-confidence")} == {sum(TEST) - sum(FITTING)}
    assert outcome.results[0].provenance["notes"]["temperature"]["n"] == sum(FITTING)
    if tested.temperature is not None:
        assert {found[name].n for name in AFTER_TEMPERATURE.values()} == {sum(TEST) - sum(FITTING)}


def test_it_is_the_last_images_of_each_class_by_their_ids(task: UpstreamTask) -> None:
    _fetch(task)
    chosen = task.fitting_set()
    assert chosen is not None
    for label, count in enumerate(FITTING):
        members = sorted(i for i, of in zip(*task.data.split("test")[:0:-1], strict=True) if of == label)
        assert sorted(i for i, of in zip(*chosen[:0:-1], strict=True) if of == label) == members[-count:]


def test_the_real_task_holds_ten_images_of_each_class_back() -> None:
    real = find_task("imagenet@1")
    assert isinstance(real, UpstreamTask)
    assert real.manifest()["fitting_fraction"] == real.fitting_fraction == 0.2
    assert real.n_test == 50_000


def test_a_shift_is_measured_where_imagenet_is_not_and_says_what_is_missing(
    task: UpstreamTask, network: ModelFolder, tmp_path: Path
) -> None:
    shift = SHIFTS["imagenet-v2-matched-frequency@1"]
    subject = Subject(load_model(network.path), network.config.classifier, network.config.preprocessing)

    def answer(images: Images) -> Logits:
        return predict(subject.model, images, subject.preprocessing, 8)

    missing, note = temperature_of(shift, {}, answer)
    assert missing is None
    assert "have not been fetched" in note["temperature"]["missing_reason"]
    _fetch(task)
    fit, _ = temperature_of(shift, {}, answer)
    upstream = AsPublished().run(subject, task, 0, 1)
    assert fit is not None
    assert fit.n == sum(FITTING)
    assert upstream.notes["temperature"]["temperature"] == fit.temperature
