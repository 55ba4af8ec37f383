"""The whole plan of transfer: twelve tasks, four protocols, three seeds, from an embedded hub to results.

The images are miniatures in the schemas of the tasks' Hub sources; the network is the smallest that sees colours.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from hub_fixture import RunningHub
from miniature import CONVERTED, point_datasets_at, publish_converted, publish_tables, table
from miniature_archives import FIRST, TEST, WRITERS, parts, small_manifest
from network_folders import write_network

from benchmark.data import fetch
from benchmark.protocols import PROTOCOLS
from benchmark.protocols.full import CosineTraining, FullConfig
from benchmark.protocols.full_reference import FullReferenceConfig, SteppedTraining
from benchmark.protocols.linear_reference import LinearReferenceConfig
from benchmark.runner import run
from benchmark.suites import Cell, Suite
from benchmark.tasks import TASKS, SourcedManifest, TransferTask, find_task
from zoo.data.hub import HubSource

PROTOCOL_IDS = ("linear@2", "full@2", "linear-reference@1", "full-reference@1")
SEEDS = (0, 1, 2)
SHORT = {
    "full@2": FullConfig(learning_rates=(0.003, 0.03), training=CosineTraining(epochs=2)),
    "linear-reference@1": LinearReferenceConfig(epochs=15),
    "full-reference@1": FullReferenceConfig(training=SteppedTraining(epochs=2)),
}
"""The same steps, fewer times."""


def _published(name: str, hub: RunningHub) -> tuple[SourcedManifest, str]:
    """A task's miniature on the hub, as its real source lays it out, and the address."""
    datasets = pytest.importorskip("datasets")
    manifest = small_manifest(name)
    known = next((source.spec for source in manifest.sources if source.spec.startswith("hub:")), None)
    source = HubSource.parse((known or f"hub:a/{name}?train=train&test=test&image=image&label=label")[4:])
    found = parts()
    if name.startswith("caltech"):
        found["train"] = [sample for sample in found["train"] if int(sample.name[-4:]) < FIRST]
    label = datasets.ClassLabel(names=[class_name.replace("/", " ") for class_name in manifest.class_names])
    tables = {}
    for ours, theirs in source.splits.items():
        pieces = theirs.split("+")
        for piece, split in enumerate(pieces):
            tables[split] = table(found[ours][piece :: len(pieces)], str(source.image), {str(source.label): label})
    publish = publish_converted if source.revision == CONVERTED else publish_tables
    repo, _, revision = publish(hub, f"plan-{name}", tables).partition("@")
    return manifest, replace(source, repo=repo, revision=revision).spec


@pytest.fixture
def catalogue(tmp_path: Path, hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[DigitCatalogue]:
    """Twelve tasks that were fetched from the hub, and one pruned network."""
    monkeypatch.setenv("PRUNARIUM_DATA", str(tmp_path / "data"))
    point_datasets_at(hub, monkeypatch)
    for name in sorted(WRITERS):
        manifest, spec = _published(name, hub)
        fetch(manifest, spec, pin=True)
        task = find_task(f"{name}@1")
        assert isinstance(task, TransferTask)
        monkeypatch.setitem(TASKS._entries, task.id, replace(task, data=manifest))
    network = write_network(
        tmp_path / "models" / "m",
        sparsity=0.9,
        architecture="resnet20-cifar",
        classes=10,
        input_size=(3, 8, 8),
        parent=None,
    )
    made = digit_catalogue(tmp_path / "home", [network])
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "prunarium-home"))
    yield made
    made.engine.dispose()


def _measure(catalogue: DigitCatalogue) -> list[Any]:
    cells = tuple(Cell(f"{task}@1", protocol, SEEDS) for protocol in PROTOCOL_IDS for task in sorted(WRITERS))
    suite = Suite("whole", "1", "Whole", cells)
    report = run(catalogue.settings, suite, ["gmp/resnet20-cifar/0.90-s0"], folders=catalogue.folders)
    assert report.failed == ()
    assert report.done == len(WRITERS) * len(PROTOCOL_IDS) * len(SEEDS) == 144
    return catalogue.results()


def _check(results: list[Any]) -> None:
    kinds = {"linear@2": 0, "full@2": 0, "linear-reference@1": 0, "full-reference@1": 0}
    for row in results:
        primary = find_task(row.task).primary_metric
        if row.metric == primary:
            assert row.value is not None
            assert row.n == sum(TEST)
            assert row.provenance["numerics"]["precision"] in ("fp32", "bf16")
            own = row.protocol == "full-reference@1"
            assert (row.provenance["preprocessing"]["mean"] != [0.4914, 0.4822, 0.4465]) is (
                own and "cifar10@" not in row.task
            )
            kinds[row.protocol] += 1
    assert kinds == dict.fromkeys(kinds, 36), "linear and full, reference and not, are never one row"


def test_every_task_by_every_protocol_with_every_seed(
    catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, config in SHORT.items():
        monkeypatch.setattr(PROTOCOLS[name], "config_type", staticmethod(lambda config=config: config))
    _check(_measure(catalogue))


@pytest.mark.gpu
def test_the_whole_plan_on_a_gpu(catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the protocols' own numbers of epochs."""
    monkeypatch.setenv("PRUNARIUM_DEVICE", "cuda")
    results = _measure(catalogue)
    _check(results)
    assert {row.provenance["numerics"]["device"] for row in results} == {"cuda"}
