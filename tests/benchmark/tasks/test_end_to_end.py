"""Every transfer task and ImageNet, on data in miniature, from a model folder to stored results."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from miniature import Sample, picture, write_folders
from miniature_archives import TEST, WRITERS, small_manifest, write_archive
from network_folders import write_network

from benchmark.data import fetch
from benchmark.finetune import FinetuneConfig, TrainingImages, finetune
from benchmark.job import Job
from benchmark.protocols import PROTOCOLS, Subject
from benchmark.results import Outcome
from benchmark.run_job import run_job
from benchmark.tasks import TASKS, TransferTask, find_task
from registry.blobs import BlobStore
from zoo.checkpoint.folder import ModelFolder
from zoo.core.imagenet_classes import wordnet_ids
from zoo.data import ImageReader, Split, preprocess
from zoo.models import load_model

ARCHITECTURE = "resnet20-cifar"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A pruned network of 32 x 32 pixels and three colours; nothing is trained."""
    return write_network(tmp_path_factory.mktemp("network") / "m", sparsity=0.9, architecture=ARCHITECTURE, classes=10)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRUNARIUM_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def _fetched(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> TransferTask:
    """The task itself, but for the sizes in its manifest."""
    write_archive(name, data / name, monkeypatch)
    manifest = small_manifest(name)
    fetch(manifest, f"archive:{name}", pin=True)
    task = find_task(f"{name}@1")
    assert isinstance(task, TransferTask)
    small = replace(task, data=manifest)
    monkeypatch.setitem(TASKS._entries, task.id, small)
    return small


def _run(task: str, protocol: str, network: ModelFolder, tmp_path: Path) -> Outcome:
    return run_job(Job(1, "m", task, protocol, 0), network.path, BlobStore(f"file://{tmp_path / 'blobs'}"))


QUICK = ("aircraft", "cifar10", "sun397")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in sorted(WRITERS)]
)
def test_a_linear_probe_on_every_task(
    name: str, network: ModelFolder, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = _fetched(name, data, monkeypatch)
    outcome = _run(task.id, "linear@1", network, tmp_path)
    values = {result.metric: result for result in outcome.results}
    primary = values[task.primary_metric]
    assert primary.n == sum(TEST)
    assert primary.value is not None
    # Three hues that a linear function of the mean colour tells apart.
    assert primary.value > 0.5
    assert primary.provenance["data_sha256"] == dict(task.data.sha256s)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["food101", "cifar100"])
def test_a_full_fine_tune_of_images_that_are_streamed_or_in_memory(
    name: str, network: ModelFolder, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = _run(_fetched(name, data, monkeypatch).id, "full@1", network, tmp_path)
    (prediction,) = outcome.predictions
    assert prediction.n == sum(TEST)
    assert prediction.sparsity_after == prediction.sparsity_before == pytest.approx(0.9, abs=0.01)


def test_streaming_changes_no_bit_of_a_fine_tune(
    data: Path, network: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = _fetched("pets", data, monkeypatch).data.split("train")
    wanted, labels = network.config.preprocessing, torch.tensor(train.labels)
    config, states = FinetuneConfig(2, 8, 0.9, 5e-4), []
    for images in (preprocess(train.images, wanted), ImageReader(train.images, wanted, workers=2)):
        model = load_model(network.path, 3, 0)
        finetune(model, TrainingImages(images), labels, config, 0.05, seed=0)
        states.append(torch.cat([value.flatten().double() for value in model.state_dict().values()]))
    assert torch.equal(states[0], states[1])


def test_imagenet_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = write_network(tmp_path / "m", sparsity=0.5, architecture=ARCHITECTURE, classes=1000)
    for split, number in (("train", 0), ("val", 1)):
        found = [Sample(f"ILSVRC_{label:08d}", label, picture(0, number)) for label in range(1000)]
        write_folders(tmp_path / "imagenet" / split, found, wordnet_ids())
    monkeypatch.setenv("PRUNARIUM_IMAGENET", str(tmp_path / "imagenet"))
    task: Any = find_task("imagenet@1")
    ones = {name: replace(facts, n=1000, histogram=(1,) * 1000) for name, facts in task.data.splits.items()}
    small = replace(task, data=replace(task.data, splits=ones), fitting_fraction=0.0)  # one image of each class
    monkeypatch.setitem(TASKS._entries, task.id, small)
    fetch(small.data, pin=True)
    subject = Subject(load_model(network.path), network.config.classifier, network.config.preprocessing)
    evaluation = PROTOCOLS["as-published@1"]().run(subject, small, 0, 1)
    assert set(evaluation.logits) == {""}
    assert evaluation.temperature is None
    assert evaluation.logits[""].values.shape == (1000, 1000)
    # One picture for all classes.
    assert (evaluation.logits[""].values == evaluation.logits[""].values[0]).all()


def test_a_split_of_both_kinds_reads_alike(data: Path, network: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _fetched("dtd", data, monkeypatch).data.split("test")
    assert not isinstance(found.images, Split)
    reader = ImageReader(found.images, network.config.preprocessing, workers=0)
    (batch,) = reader.batches([torch.arange(len(found.labels)).numpy()])
    assert torch.equal(batch, preprocess(found.images, network.config.preprocessing))
