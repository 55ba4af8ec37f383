"""Fifty submissions on two workers, and on a Ray cluster of two nodes; one of the two is killed in the middle.

Nothing is lost, nothing is done twice, and the results are those of a worker that nobody disturbs, bit for bit.
"""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import harness
import pytest
from benchmark_catalogues import COST, UPSTREAM, DigitCatalogue, digit_catalogue, table_of
from ray_clusters import ray_cluster
from sqlalchemy import text

from benchmark.worker import work
from registry import queries, submissions
from registry.db.session import session_scope
from zoo.checkpoint.folder import ModelFolder

SUBMISSIONS = 50
LEASE = ("--lease-seconds", "6")
DEADLINE_SECONDS = 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def submit_all(catalogue: DigitCatalogue) -> DigitCatalogue:
    """Each wants an evaluation of its own, and one that half of the others want too."""
    with session_scope(catalogue.engine, write=True) as session:
        for number in range(SUBMISSIONS):
            record, _ = submissions.submit(
                session, hub_endpoint="h", hub_repo="o/n", revision=str(number), suite="digits-demo@1", actor="ada"
            )
            checked = submissions.claim_check(session, "checker")
            assert checked is not None
            cells = [(*COST, number // 2), (*UPSTREAM, 0)]  # cheap ones: what is tried is the queue
            checkpoint = catalogue.checkpoints[number % 2]
            submissions.accept(session, record.public_id, 1, "checker", checkpoint, cells)
    return catalogue


@pytest.fixture(scope="module")
def undisturbed(
    digit_models: tuple[ModelFolder, ModelFolder], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DigitCatalogue]:
    made = submit_all(digit_catalogue(tmp_path_factory.mktemp("undisturbed"), digit_models))
    work(made.settings, folders=made.folders, once=True)
    yield made
    made.engine.dispose()


def ended(catalogue: DigitCatalogue) -> int:
    with session_scope(catalogue.engine) as session:
        counted = queries.count_jobs(session)
    return counted.get("done", 0) + counted.get("failed", 0)


def wait_for(catalogue: DigitCatalogue, jobs: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while ended(catalogue) < jobs:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def start(catalogue: DigitCatalogue, *options: str, **environ: str) -> "subprocess.Popen[str]":
    command = ["-m", "prunarium", "worker", "--once", "--folders", str(catalogue.folders), *LEASE, *options]
    return harness.start(command, environ={"PRUNARIUM_HOME": str(catalogue.settings.home), **environ})


def require_same(catalogue: DigitCatalogue, undisturbed: DigitCatalogue) -> None:
    with session_scope(catalogue.engine) as session:
        states = Counter(record.state for record in queries.list_submissions(session))
        attempts = Counter(row[0] for row in session.execute(text("select outcome from job_attempt")))
    assert states == {"done": SUBMISSIONS}
    assert attempts["done"] == SUBMISSIONS + 2  # an evaluation each, and the shared one of both models
    assert sum(attempts.values()) <= SUBMISSIONS + 2 + 2  # what was in the hands of the killed one
    found, expected = (sorted(table_of(one.results()), key=repr) for one in (catalogue, undisturbed))
    assert found == expected


def test_two_processes_of_which_one_is_killed(catalogue: DigitCatalogue, undisturbed: DigitCatalogue) -> None:
    submit_all(catalogue)
    victim, survivor = start(catalogue), start(catalogue)
    try:
        wait_for(catalogue, SUBMISSIONS // 3, survivor)
        harness.kill_group(victim)
        output = survivor.communicate(timeout=DEADLINE_SECONDS)
    finally:
        harness.kill_group(survivor)
    assert survivor.returncode == 0, output
    assert victim.returncode == -9
    require_same(catalogue, undisturbed)


def test_one_command_that_starts_two_processes(catalogue: DigitCatalogue, undisturbed: DigitCatalogue) -> None:
    submit_all(catalogue)
    process = start(catalogue, "--processes", "2")
    try:
        output = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        harness.kill_group(process)
    assert process.returncode == 0, output
    require_same(catalogue, undisturbed)


def test_a_ray_cluster_of_two_nodes_of_which_one_is_killed(
    catalogue: DigitCatalogue, undisturbed: DigitCatalogue, tmp_path: Path
) -> None:
    submit_all(catalogue)
    with ray_cluster(2) as cluster:
        way = {name: value for name, value in cluster.environ.items() if name.startswith("RAY_")}
        process = start(catalogue, "--executor", "ray", "--address", cluster.address, "--processes", "2", **way)
        try:
            wait_for(catalogue, SUBMISSIONS // 3, process)
            cluster.kill(cluster.nodes[-1])
            output = process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            harness.kill_group(process)
    assert process.returncode == 0, output
    require_same(catalogue, undisturbed)
