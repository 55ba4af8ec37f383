"""Which submissions of predictions a worker looks at, and how often."""

from dataclasses import replace

import pytest
from queue_rows import PROTOCOL, SUITE, TASK, fill, result
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, spot_checks, submissions
from registry.db.session import session_scope
from registry.records import SubmissionKind


def rescored(session: Session, checkpoint: int, number: int, kind: SubmissionKind = "predictions") -> str:
    record, _ = submissions.submit(
        session, hub_endpoint="h", hub_repo="o/n", revision=str(number), suite=SUITE, actor="a", kind=kind
    )
    submissions.claim_check(session, "w")
    job_id, _ = jobs.enqueue(session, checkpoint, TASK, PROTOCOL, number)
    jobs.deliver(session, job_id, "w", [replace(result(0.5), trust="rescored", seed=number)], [])
    submissions.accept(session, record.public_id, 1, "w", checkpoint, [(TASK, PROTOCOL, number)])
    return record.public_id


def begun(engine: Engine) -> str | None:
    with session_scope(engine, write=True) as session:
        found = spot_checks.begin(session, "w")
        return None if found is None else found.public_id


def test_each_is_looked_at_once_and_by_one_worker(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        checkpoint = fill(session)
        rescored(session, checkpoint, 0, "weights")
        first, second, doubted = (rescored(session, checkpoint, number) for number in (1, 2, 3))
        submissions.flag(session, doubted, "invented")
    assert [begun(catalogue) for _ in range(3)] == [first, second, None]
    with session_scope(catalogue, write=True) as session:
        spot_checks.end(session, first, "equal bits", "w")
        last = submissions.status(session, first)
    assert (last.submission.state, last.transitions[-1].detail) == ("done", "equal bits")


def test_what_a_dead_worker_left_is_tried_again_an_hour_later_three_times(
    catalogue: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope(catalogue, write=True) as session:
        public_id = rescored(session, fill(session), 1)
        now = submissions.status(session, public_id).submission.updated_us
    tries = []
    for passed_us in (1, 1, spot_checks.PATIENCE_US, 1, spot_checks.PATIENCE_US):
        now += passed_us
        monkeypatch.setattr(spot_checks, "now_us", lambda _session, now=now: now)
        tries.append(begun(catalogue))
    assert tries == [public_id, None, public_id, None, public_id]
    monkeypatch.setattr(spot_checks, "now_us", lambda _session: now + 9 * spot_checks.PATIENCE_US)
    assert begun(catalogue) is None
