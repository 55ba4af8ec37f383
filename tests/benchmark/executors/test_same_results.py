"""Killed, cut off or out of memory at a seeded moment, and run again: the table is that of an undisturbed run."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import evaluate_cells
import harness
import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue, table_of
from catalogues import PostgresServer
from evaluations import drawn_point, run_until_done
from ray_clusters import Cluster, ray_cluster

from registry import queries
from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from zoo.checkpoint.folder import ModelFolder

SCRIPT = evaluate_cells.__file__
JOBS = range(1, 2 * len(evaluate_cells.SUITE.cells) + 1)
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)


@dataclass(frozen=True)
class Victim:
    """A catalogue that a run will be disturbed in, and the environment that leads to it."""

    catalogue: DigitCatalogue
    environ: dict[str, str]

    def run(self, fault: str, once: Path, executor: str = "in-process", workers: int = 1) -> int:
        """How many runs it took; see :func:`evaluations.run_until_done`."""
        arguments = [SCRIPT, str(self.catalogue.folders), executor, str(workers)]
        return run_until_done(arguments, self.environ, fault, once)

    def start(self, cluster: Cluster) -> subprocess.Popen[str]:
        """A run on a Ray cluster, with a worker for each node."""
        way = {name: value for name, value in cluster.environ.items() if name.startswith("RAY_")}  # but no faults
        environ = {**self.environ, **way, "RAY_ADDRESS": cluster.address}
        return harness.start([SCRIPT, str(self.catalogue.folders), "ray", "2"], environ=environ)

    def wait_for_attempts(self, number: int, process: "subprocess.Popen[str]") -> None:
        """Until so many jobs have been begun."""
        while process.poll() is None:
            with session_scope(self.catalogue.engine) as session:
                found = queries.count_jobs(session)
            if sum(found.values()) - found.get("queued", 0) >= number:
                return
            time.sleep(0.05)

    def require_same(self, undisturbed: DigitCatalogue) -> None:
        """Every job has ended as it should, and every value is the undisturbed one."""
        for job in self.catalogue.jobs(JOBS):
            impossible = (job.task, job.protocol) == evaluate_cells.IMPOSSIBLE
            assert (job.state, job.failure_kind) == (("failed", "bad_model") if impossible else ("done", None))
        assert _table(self.catalogue) == _table(undisturbed)


def _table(catalogue: DigitCatalogue) -> list[object]:
    """In an order of its own: jobs may end in another one."""
    return sorted(table_of(catalogue.results()), key=repr)


@pytest.fixture(scope="module")
def undisturbed(digit_models: tuple[ModelFolder, ...], tmp_path_factory: pytest.TempPathFactory) -> DigitCatalogue:
    """The same cells without any fault."""
    made = digit_catalogue(tmp_path_factory.mktemp("undisturbed"), digit_models)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRUNARIUM_HOME", str(made.settings.home))
        evaluate_cells.evaluate(made.folders, "in-process", 1)
    assert len(_table(made)) > len(JOBS)
    return made


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    """A server of this module's own."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", POSTGRESQL])
def victim(request: pytest.FixtureRequest, digit_models: tuple[ModelFolder, ...], tmp_path: Path) -> Iterator[Victim]:
    """A catalogue with both models and no jobs, on each kind of database."""
    environ = {"PRUNARIUM_HOME": str(tmp_path / "home")}
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    if server is not None:
        environ["PRUNARIUM_DATABASE_URL"] = server.create()
        engine = make_engine(environ["PRUNARIUM_DATABASE_URL"])
        upgrade(engine)
        engine.dispose()
    made = digit_catalogue(tmp_path / "home", digit_models, environ.get("PRUNARIUM_DATABASE_URL", ""))
    yield Victim(made, environ)
    made.engine.dispose()
    if server is not None:
        server.drop(environ["PRUNARIUM_DATABASE_URL"])


only_postgresql = pytest.mark.parametrize("victim", [POSTGRESQL], indirect=True)
only_sqlite = pytest.mark.parametrize("victim", ["sqlite"], indirect=True)


@pytest.mark.slow
@only_postgresql
def test_a_connection_cut_while_results_are_written_costs_no_attempt(
    victim: Victim, undisturbed: DigitCatalogue, tmp_path: Path
) -> None:
    assert victim.run("registry.queries.jobs:close_attempt@after#1=cut", tmp_path / "happened") == 1
    assert {job.attempt for job in victim.catalogue.jobs(JOBS)} == {1}
    victim.require_same(undisturbed)


@pytest.mark.slow
@only_sqlite
def test_out_of_memory_halves_the_batch_and_says_so(
    victim: Victim, undisturbed: DigitCatalogue, tmp_path: Path
) -> None:
    assert victim.run("benchmark.run_job:read_folder@after#1=oom", tmp_path / "happened") == 1
    halved = [job for job in victim.catalogue.jobs(JOBS) if job.batch_divisor > 1]
    assert [(job.batch_divisor, job.attempt, job.state) for job in halved] == [(2, 2, "done")]
    rows = [row for row in victim.catalogue.results() if (row.model, row.task) == (halved[0].model, halved[0].task)]
    assert {row.provenance["batch_divisor"] for row in rows if row.protocol == halved[0].protocol} == {2}
    assert [(row[:6], row[7]) for row in _table(victim.catalogue)] == [(row[:6], row[7]) for row in _table(undisturbed)]  # type: ignore[index]
    for found, expected in zip(_table(victim.catalogue), _table(undisturbed), strict=True):
        # The stated tolerance of a halved batch: sums over it are rounded otherwise.
        assert found[6] == (None if expected[6] is None else pytest.approx(expected[6], rel=1e-4))  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("executor", "workers"), [("in-process", 1), ("local-processes", 2)])
def test_a_kill_anywhere(
    victim: Victim, undisturbed: DigitCatalogue, tmp_path: Path, executor: str, workers: int, seed: int
) -> None:
    victim.run(drawn_point(seed, "kill"), tmp_path / "happened", executor, workers)
    victim.require_same(undisturbed)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(3, 23))
@pytest.mark.parametrize(("executor", "workers"), [("in-process", 1), ("local-processes", 2)])
def test_kills_everywhere(
    victim: Victim, undisturbed: DigitCatalogue, tmp_path: Path, executor: str, workers: int, seed: int
) -> None:
    victim.run(drawn_point(seed, "kill"), tmp_path / "happened", executor, workers)
    victim.require_same(undisturbed)


@only_postgresql
@pytest.mark.torture
@pytest.mark.parametrize("seed", range(16))
def test_cuts_everywhere(victim: Victim, undisturbed: DigitCatalogue, tmp_path: Path, seed: int) -> None:
    victim.run(drawn_point(seed, "cut"), tmp_path / "happened", "local-processes", 2)
    victim.require_same(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_ray_worker_dies(victim: Victim, undisturbed: DigitCatalogue, tmp_path: Path, seed: int) -> None:
    happened = tmp_path / "happened"
    with ray_cluster(2, harness.armed([drawn_point(seed, "kill")], happened)) as cluster:
        process = victim.start(cluster)
        output = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert happened.exists()
    victim.require_same(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_ray_node_dies_and_another_one_joins(victim: Victim, undisturbed: DigitCatalogue, seed: int) -> None:
    with ray_cluster(2) as cluster:
        process = victim.start(cluster)
        victim.wait_for_attempts(1 + 2 * seed, process)
        cluster.kill(cluster.nodes[1 + seed])
        cluster.add_node()
        output = process.communicate(timeout=240)
    assert process.returncode == 0, output
    victim.require_same(undisturbed)


@only_sqlite
@pytest.mark.slow
def test_a_ray_cluster_is_lost_as_a_whole_and_the_work_goes_on_without_it(
    victim: Victim, undisturbed: DigitCatalogue
) -> None:
    with ray_cluster(2) as cluster:
        process = victim.start(cluster)
        victim.wait_for_attempts(3, process)
    os.killpg(process.pid, signal.SIGKILL)  # the command was on the head's machine
    process.communicate()
    arguments = [SCRIPT, str(victim.catalogue.folders), "in-process", "1"]
    done = harness.run(arguments, environ=victim.environ)
    assert done.returncode == 0, done.stderr
    victim.require_same(undisturbed)
