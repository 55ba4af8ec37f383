"""The catalogue knows every plugin after a sync, and a second one changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import harness
import pytest
from sqlalchemy import Engine

from benchmark.metrics import METRICS
from benchmark.protocols import PROTOCOLS
from benchmark.shifts import SHIFTS
from benchmark.suites import load_suites
from benchmark.sync import sync
from benchmark.tasks import all_tasks
from registry import queries
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.settings import load_settings
from zoo.architectures import ARCHITECTURES
from zoo.methods import METHODS


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_catalogue(load_settings({"PRUNARIUM_HOME": str(tmp_path)}))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, dict[str, int]]]:
    """A catalogue after its first sync, and what that counted."""
    made = open_catalogue(load_settings({"PRUNARIUM_HOME": str(tmp_path_factory.mktemp("synced"))}))
    yield made, sync(made)
    made.dispose()


def test_every_plugin_is_written(synced: tuple[Engine, dict[str, int]]) -> None:
    engine, counts = synced
    with session_scope(engine) as session:
        for task in all_tasks():
            record = queries.get_task(session, task.id)
            assert record is not None
            assert (record.kind, record.title, record.n_test, record.classes) == (
                task.kind, task.title, task.n_test, task.classes
            )  # fmt: skip
            assert record.manifest == task.manifest()
        for shift_id, shift in SHIFTS.items():
            found = queries.get_shift(session, shift_id)
            assert found is not None
            assert (found.source_task, found.conditions) == (shift.source_task, shift.conditions)
            assert found.regenerated == shift.regenerated
        assert {f"{metric.name}@{metric.version}" for _, metric in METRICS.items()} <= {
            f"{record.name}@{record.version}" for record in queries.list_metrics(session)
        }
        assert set(METHODS) <= {record.name for record in queries.list_methods(session)}
        assert set(ARCHITECTURES) <= {record.name for record in queries.list_architectures(session)}
        for protocol_id, protocol in PROTOCOLS.items():
            stored = queries.get_protocol(session, protocol_id)
            assert stored is not None
            assert (stored.kind, stored.facts["trains"]) == (protocol.facts.kind, protocol.facts.trains)
        for suite_id, suite in load_suites().items():
            listed = queries.get_suite(session, suite_id)
            assert listed is not None
            assert listed.content == suite.content()
        assert queries.get_suite(session, "transfer-12@ist2022") is not None
        assert len(queries.results(session, trust="reported")) > 700
    assert counts["tasks"] == len(all_tasks())


def test_a_second_sync_changes_nothing(synced: tuple[Engine, dict[str, int]]) -> None:
    engine, first = synced
    before = _rows(engine)
    assert sync(engine) == first
    assert _rows(engine) == before


def _rows(engine: Engine) -> list[object]:
    lists = (
        queries.list_methods, queries.list_architectures, queries.list_protocols, queries.list_tasks,
        queries.list_shifts, queries.list_suites, queries.list_metrics, queries.list_models, queries.results,
    )  # fmt: skip
    with session_scope(engine) as session:
        return [record for listed in lists for record in listed(session)]


@pytest.mark.slow
def test_published_rows_that_came_first_are_no_obstacle(engine: Engine) -> None:
    from registry.reported import load_reported

    with session_scope(engine, write=True) as session:
        load_reported(session)
    with session_scope(engine) as session:
        published = queries.results(session, trust="reported")
    sync(engine)
    with session_scope(engine) as session:
        assert queries.results(session, trust="reported") == published
        assert {"gmp", "rigl"} <= {method.name for method in queries.list_methods(session)}


def test_parameters_of_imagenet_networks_are_those_of_the_literature(synced: tuple[Engine, dict[str, int]]) -> None:
    engine, _ = synced
    with session_scope(engine) as session:
        resnet = queries.get_architecture(session, "resnet50")
    assert resnet is not None
    assert resnet.parameters == 25_557_032  # torchvision's documentation


@pytest.mark.slow
def test_without_torch_the_rest_is_written(tmp_path: Path) -> None:
    hide_torch = "import sys; sys.modules['torch'] = None; from prunarium.cli import run"
    command = f"{hide_torch}; sys.exit(run(['benchmark', 'sync', '--json']))"
    outcome = harness.run(["-c", command], environ={"PRUNARIUM_HOME": str(tmp_path)})
    assert outcome.returncode == 0, outcome.stderr
    assert set(json.loads(outcome.stdout)) == {"metrics", "tasks", "suites", "reported_models", "reported_results"}
