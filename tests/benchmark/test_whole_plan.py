"""The whole plan of transfer: twelve tasks, four protocols, three seeds, from an embedded hub to results.

The images are miniatures in the schemas of the tasks' Hub sources; the network is the smallest that sees colours.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
from registry.records import ResultRecord
from zoo.data.hub import HubSource

PROTOCOL_IDS = ("linear@2", "full@2", "linear-reference@1", "full-reference@1")
TWO, ALL = ("cifar10", "pets"), tuple(sorted(WRITERS))
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


def _catalogue(tmp_path: Path) -> DigitCatalogue:
    """One pruned network; made when the tasks are miniatures, for a task that a catalogue knows never changes."""
    network = write_network(
        tmp_path / "models" / "m",
        sparsity=0.9,
        architecture="resnet20-cifar",
        classes=10,
        input_size=(3, 8, 8),
        parent=None,
    )
    return digit_catalogue(tmp_path / "home", [network])


def _fetch(names: Sequence[str], hub: RunningHub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks' miniatures, published and fetched from the hub."""
    monkeypatch.setenv("PRUNARIUM_DATA", str(folder))
    point_datasets_at(hub, monkeypatch)
    for name in names:
        manifest, spec = _published(name, hub)
        fetch(manifest, spec, pin=True)
        task = find_task(f"{name}@1")
        assert isinstance(task, TransferTask)
        monkeypatch.setitem(TASKS._entries, task.id, replace(task, data=manifest))


def _measure(catalogue: DigitCatalogue, names: Sequence[str], seeds: tuple[int, ...]) -> None:
    cells = tuple(Cell(f"{task}@1", protocol, seeds) for protocol in PROTOCOL_IDS for task in names)
    suite = Suite("whole", "1", "Whole", cells)
    report = run(catalogue.settings, suite, ["gmp/resnet20-cifar/0.90-s0"], folders=catalogue.folders)
    assert report.failed == ()
    assert report.done == len(names) * len(PROTOCOL_IDS) * len(seeds)
    _check(catalogue.results(), len(names) * len(seeds))
    catalogue.engine.dispose()


def _check(results: Sequence[ResultRecord], each: int) -> None:
    kinds = dict.fromkeys(PROTOCOL_IDS, 0)
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
    assert kinds == dict.fromkeys(kinds, each), "linear and full, reference and not, are never one row"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the catalogue is told of the protocols: a version that it knows never changes."""
    for name, config in SHORT.items():
        monkeypatch.setattr(PROTOCOLS[name], "config_type", staticmethod(lambda config=config: config))


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("names", "seeds"),
    [pytest.param(TWO, (0,), id="two"), pytest.param(ALL, (0, 1, 2), id="all", marks=pytest.mark.slow)],
)
def test_every_task_by_every_protocol_with_every_seed(
    names: tuple[str, ...],
    seeds: tuple[int, ...],
    hub: RunningHub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fetch(names, hub, tmp_path / "data", monkeypatch)
    _measure(_catalogue(tmp_path), names, seeds)


@pytest.mark.gpu
def test_the_whole_plan_on_a_gpu(hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the protocols' own numbers of epochs."""
    monkeypatch.setenv("PRUNARIUM_DEVICE", "cuda")
    _fetch(ALL, hub, tmp_path / "data", monkeypatch)
    catalogue = _catalogue(tmp_path)
    _measure(catalogue, ALL, (0, 1, 2))
    assert {row.provenance["numerics"]["device"] for row in catalogue.results()} == {"cuda"}
