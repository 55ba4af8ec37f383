"""The thread that keeps a lease alive, and what ends it."""

import threading
import time

import pytest
from benchmark_catalogues import COST, DigitCatalogue
from sqlalchemy import text

from benchmark.heartbeat import heartbeat_of_job
from registry import jobs
from registry.db.session import session_scope
from registry.errors import CatalogueUnavailableError
from registry.records import JobRecord

LEASE_SECONDS = 0.6


@pytest.fixture
def leased(catalogue: DigitCatalogue) -> JobRecord:
    catalogue.enqueue([COST], catalogue.checkpoints[:1])
    with session_scope(catalogue.engine, write=True) as session:
        job = jobs.claim(session, "me", LEASE_SECONDS)
    assert job is not None
    return job


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("heartbeat")]


def test_a_lease_outlives_its_length_and_the_thread_ends_with_the_block(
    catalogue: DigitCatalogue, leased: JobRecord
) -> None:
    with heartbeat_of_job(catalogue.engine, leased, LEASE_SECONDS):
        assert _threads() == [f"heartbeat of job {leased.id}"]
        time.sleep(3 * LEASE_SECONDS)
        with session_scope(catalogue.engine, write=True) as session:
            assert jobs.reap(session) == 0
    assert _threads() == []
    assert catalogue.jobs([leased.id])[0].lease_owner == "me"


def test_without_it_the_lease_runs_out(catalogue: DigitCatalogue, leased: JobRecord) -> None:
    time.sleep(1.5 * LEASE_SECONDS)
    with session_scope(catalogue.engine, write=True) as session:
        assert jobs.reap(session) == 1


def test_a_lost_lease_ends_the_thread(catalogue: DigitCatalogue, leased: JobRecord) -> None:
    with heartbeat_of_job(catalogue.engine, leased, LEASE_SECONDS):
        with session_scope(catalogue.engine, write=True) as session:
            session.execute(text("update job set lease_owner = 'somebody else'"))
        time.sleep(LEASE_SECONDS)
        assert _threads() == []
    assert catalogue.jobs([leased.id])[0].lease_owner == "somebody else"


def test_a_busy_database_is_tried_again(
    catalogue: DigitCatalogue, leased: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat, calls = jobs.heartbeat, []

    def busy_at_first(*args: object) -> object:
        calls.append(args)
        if len(calls) == 1:
            raise CatalogueUnavailableError("busy")
        return beat(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "heartbeat", busy_at_first)
    with heartbeat_of_job(catalogue.engine, leased, LEASE_SECONDS):
        time.sleep(1.5 * LEASE_SECONDS)
    assert len(calls) >= 2
    assert (catalogue.jobs([leased.id])[0].heartbeat_us or 0) > (leased.heartbeat_us or 0)
