"""What a claim does besides leasing a job, for a worker beside the database and for one of the server."""

from collections.abc import Callable
from pathlib import Path

import pytest
from memory_catalogues import fresh_catalogue
from queue_rows import PROTOCOL, SUITE, TASK, fill
from sqlalchemy import Engine

from benchmark.queues import CatalogueQueue
from registry import submissions, work
from registry.accounts import create_account, identify, issue_token
from registry.db.session import session_scope
from registry.settings import load_settings


def claimed_here(engine: Engine, home: Path) -> None:
    settings = load_settings({"PRUNARIUM_HOME": str(home)})
    assert CatalogueQueue(engine, settings, lambda _: home, 60.0).claim() is not None


def claimed_by_token(engine: Engine, _home: Path) -> None:
    with session_scope(engine, write=True) as session:
        create_account(session, "box", "worker")
        access = identify(session, issue_token(session, "box", "worker", ["work"], 60.0))
        assert work.offer(session, access, "w", None) is not None


@pytest.mark.parametrize("claim", [claimed_here, claimed_by_token])
def test_a_submission_runs_from_the_moment_that_a_worker_took_a_job_of_it(
    claim: Callable[[Engine, Path], None], tmp_path: Path
) -> None:
    engine = fresh_catalogue()
    with session_scope(engine, write=True) as session:
        checkpoint = fill(session)
        record, _ = submissions.submit(
            session, hub_endpoint="http://hub", hub_repo="org/net", revision="main", suite=SUITE, actor="ada"
        )
        submissions.claim_check(session, "w")
        submissions.accept(session, record.public_id, 1, "w", checkpoint, [(TASK, PROTOCOL, 0)])
    claim(engine, tmp_path)
    with session_scope(engine) as session:
        assert submissions.status(session, record.public_id).submission.state == "running"
    engine.dispose()
