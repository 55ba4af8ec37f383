"""Every executor: all jobs once, one failure does not stop the rest, the same results wherever they are computed."""

import json
from collections import Counter

import pytest
from benchmark_catalogues import (
    COST,
    FULL,
    IMPOSSIBLE,
    LINEAR,
    UPSTREAM,
    Cell,
    DigitCatalogue,
    digit_catalogue,
    table_of,
)

from benchmark.errors import WorkerDiedError
from benchmark.executors import EXECUTORS, Executor, Json
from benchmark.placement import Placement
from zoo.checkpoint.folder import ModelFolder

CELLS = [UPSTREAM, IMPOSSIBLE, COST]
TRAINED = [LINEAR, FULL]
WORKERS = 2

every_executor = pytest.mark.parametrize("executor", list(EXECUTORS), indirect=True)


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Executor:
    """Each of them; Ray has a cluster with two nodes."""
    if request.param == "ray":
        request.getfixturevalue("ray_nodes")
    return EXECUTORS[request.param]


def _drain(executor: Executor, catalogue: DigitCatalogue, ids: list[int]) -> list[Json]:
    events: list[Json] = []
    executor.drain(catalogue.order(ids).to_json(), Placement(workers=WORKERS), events.append)
    return events


@pytest.fixture(scope="module", params=[CELLS, pytest.param(TRAINED, marks=pytest.mark.slow)], ids=["cheap", "trained"])
def cells(request: pytest.FixtureRequest) -> list[Cell]:
    """Jobs of every kind: a minute in each executor for those that train."""
    chosen: list[Cell] = request.param
    return chosen


def _enqueue(catalogue: DigitCatalogue, cells: list[Cell]) -> list[int]:
    """The cheap ones for the pruned model alone."""
    return catalogue.enqueue(cells, catalogue.checkpoints if cells is TRAINED else catalogue.checkpoints[1:])


@pytest.fixture(scope="module")
def reference(
    cells: list[Cell], digit_models: tuple[ModelFolder, ModelFolder], tmp_path_factory: pytest.TempPathFactory
) -> DigitCatalogue:
    """The same jobs, done by one worker in this process."""
    made = digit_catalogue(tmp_path_factory.mktemp("reference"), digit_models)
    _drain(EXECUTORS["in-process"], made, _enqueue(made, cells))
    return made


@every_executor
def test_all_jobs_once_and_the_same_results(
    executor: Executor, catalogue: DigitCatalogue, reference: DigitCatalogue, cells: list[Cell]
) -> None:
    ids = _enqueue(catalogue, cells)
    events = _drain(executor, catalogue, ids)
    assert events == json.loads(json.dumps(events))
    assert Counter((event["job_id"], event["state"] == "started") for event in events) == Counter(
        (job, started) for job in ids for started in (True, False)
    )
    for job in catalogue.jobs(ids):
        expected = "failed" if (job.task, job.protocol) == IMPOSSIBLE else "done"
        assert (job.state, job.attempt) == (expected, 1)
    told = [event["message"] for event in events if event["state"] == "failed"]
    assert len(told) == cells.count(IMPOSSIBLE)
    assert all("cannot be applied to digits-5-9@1" in message for message in told)
    assert table_of(catalogue.results()) == table_of(reference.results())


@every_executor
def test_nothing_to_do_returns_at_once(executor: Executor, catalogue: DigitCatalogue) -> None:
    assert _drain(executor, catalogue, []) == []


@pytest.mark.slow
@every_executor
def test_an_audience_that_raises_leaves_no_worker_and_no_lease(executor: Executor, catalogue: DigitCatalogue) -> None:
    def report(event: Json) -> None:
        raise KeyboardInterrupt

    ids = catalogue.enqueue([COST, UPSTREAM])
    with pytest.raises(KeyboardInterrupt):
        executor.drain(catalogue.order(ids).to_json(), Placement(workers=WORKERS), report)
    assert all(job.state in ("queued", "done") for job in catalogue.jobs(ids))


@pytest.mark.slow
def test_processes_that_cannot_start_are_told_of_and_not_replaced_for_ever(
    catalogue: DigitCatalogue, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ids = catalogue.enqueue([COST])
    order = {**catalogue.order(ids).to_json(), "folders": str(tmp_path_factory.mktemp("gone") / "missing")}
    with pytest.raises(WorkerDiedError, match="last worker process ended with code 1"):
        EXECUTORS["local-processes"].drain(order, Placement(workers=WORKERS), lambda _: None)
    assert all(job.state == "queued" for job in catalogue.jobs(ids))
