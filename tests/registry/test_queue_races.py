"""Threads and processes that claim at once: every job exactly once."""

import threading
from collections import Counter

import harness
import pytest
from databases import postgresql_first
from queue_rows import PROTOCOL, TASK, fill, result
from sqlalchemy import Engine, select

from registry import jobs, queries
from registry.db.models import JobAttempt
from registry.db.session import make_engine, session_scope
from registry.errors import LeaseLostError

JOBS = 100
WORKER = """
import sys
from queue_rows import result
from registry import jobs
from registry.db.session import make_engine, session_scope

engine, owner = make_engine(sys.argv[1]), sys.argv[2]
while True:
    with session_scope(engine, write=True) as session:
        job = jobs.claim(session, owner, 600)
    if job is None:
        break
    with session_scope(engine, write=True) as session:
        jobs.finish(session, job.id, job.attempt, owner, [result(job.seed / 1000)])
    print(job.id, flush=True)
"""


@pytest.fixture
def filled(catalogue: Engine) -> Engine:
    """A catalogue with 100 queued jobs."""
    _enqueue(catalogue, JOBS)
    return catalogue


@postgresql_first
def test_twenty_threads_claim_every_job_once(filled: Engine, catalogue_url: str) -> None:
    claimed: list[int] = []
    barrier = threading.Barrier(20)

    def work(owner: str) -> None:
        engine = make_engine(catalogue_url)
        barrier.wait()
        while True:
            with session_scope(engine, write=True) as session:
                job = jobs.claim(session, owner, 600)
            if job is None:
                break
            claimed.append(job.id)
        engine.dispose()

    threads = [threading.Thread(target=work, args=(f"thread {number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(claimed) == Counter(range(1, JOBS + 1))
    _every_job_had_one_attempt(filled)


@postgresql_first
def test_twenty_threads_on_one_engine_claim_every_job_once(filled: Engine) -> None:
    """They share a pool of connections, as the threads of one web process do."""
    claimed: list[int] = []

    def work(owner: str) -> None:
        for _ in range(JOBS // 20):
            with session_scope(filled, write=True) as session:
                job = jobs.claim(session, owner, 600)
            assert job is not None
            claimed.append(job.id)

    threads = [threading.Thread(target=work, args=(f"thread {number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(claimed) == Counter(range(1, JOBS + 1))


@postgresql_first
def test_four_processes_finish_every_job_once(filled: Engine, catalogue_url: str) -> None:
    workers = [harness.start(["-c", WORKER, catalogue_url, f"process {number}"]) for number in range(4)]
    outputs = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, outputs
    done = [int(line) for stdout, _ in outputs for line in stdout.split()]
    assert Counter(done) == Counter(range(1, JOBS + 1))
    with session_scope(filled) as session:
        assert queries.count_jobs(session) == {"done": JOBS}
        values = Counter(row.value for row in queries.results(session))
    assert values == Counter(seed / 1000 for seed in range(JOBS))
    _every_job_had_one_attempt(filled)


@postgresql_first
def test_a_killed_process_loses_no_job_and_writes_none_twice(catalogue: Engine, catalogue_url: str) -> None:
    """Two workers die, one at a claim and one at a delivery; a third finishes everything."""
    _enqueue(catalogue, 20)
    killed = harness.run(["-c", WORKER, catalogue_url, "victim"], faults=["registry.jobs:claim@after#6=kill"])
    assert killed.killed
    assert len(killed.stdout.split()) == 5
    with session_scope(catalogue) as session:
        # The sixth claim was never committed, so there is no lease to wait for.
        assert queries.count_jobs(session) == {"done": 5, "queued": 15}
    in_its_hands = harness.run(["-c", WORKER, catalogue_url, "victim 2"], faults=["registry.jobs:finish@after#3=kill"])
    assert in_its_hands.killed
    with session_scope(catalogue, write=True) as session:
        # The third result was written but never committed: its job is still leased to a process that is no more.
        assert queries.count_jobs(session) == {"done": 7, "leased": 1, "queued": 12}
        assert jobs.reap(session, lambda owner: owner == "victim 2") == 1
    rest = harness.run(["-c", WORKER, catalogue_url, "survivor"])
    assert rest.returncode == 0, rest.stderr
    assert len(rest.stdout.split()) == 13
    with session_scope(catalogue) as session:
        assert queries.count_jobs(session) == {"done": 20}
        assert Counter(row.value for row in queries.results(session)) == Counter(seed / 1000 for seed in range(20))


def test_the_lease_of_a_silent_process_goes_to_another_and_its_late_result_is_refused(
    catalogue: Engine,
) -> None:
    _enqueue(catalogue, 1)
    with session_scope(catalogue, write=True) as session:
        job = jobs.claim(session, "silent", lease_seconds=0.0)
    with session_scope(catalogue, write=True) as session:
        again = jobs.claim(session, "other")
    assert job is not None
    assert again is not None
    assert (job.id, again.id, again.attempt) == (1, 1, 2)
    with pytest.raises(LeaseLostError), session_scope(catalogue, write=True) as session:
        jobs.finish(session, job.id, job.attempt, "silent", [result(0.5)])


def _enqueue(engine: Engine, count: int) -> None:
    with session_scope(engine, write=True) as session:
        checkpoint = fill(session)
        for seed in range(count):
            jobs.enqueue(session, checkpoint, TASK, PROTOCOL, seed)


def _every_job_had_one_attempt(engine: Engine) -> None:
    with session_scope(engine) as session:
        attempts = Counter(session.execute(select(JobAttempt.job_id)).scalars())
    assert attempts == Counter(range(1, JOBS + 1))
