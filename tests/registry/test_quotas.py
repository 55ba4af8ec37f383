"""Device minutes on real databases: charged at acceptance, given back where the fault is ours, refused in words."""

import threading
from dataclasses import replace

import pytest
from queue_rows import CHECKPOINT, MODEL, PROTOCOL, SUITE, TASK, fill, result
from sqlalchemy import Engine

from registry import jobs, queries, quotas, submissions
from registry.accounts import create_account
from registry.db.session import make_engine, session_scope
from registry.errors import InvalidRecordError, QuotaExceededError, UnknownRecordError
from registry.quota_rules import Allowance
from registry.records import FailureKind

WEEK = Allowance(60.0, 7.0)
CELLS = [(TASK, PROTOCOL, 0), (TASK, PROTOCOL, 1)]


@pytest.fixture
def checkpoint(catalogue: Engine) -> int:
    with session_scope(catalogue, write=True) as session:
        create_account(session, "ada")
        create_account(session, "bob")
        return fill(session)


def checking(engine: Engine, revision: str, account_id: int = 1) -> str:
    with session_scope(engine, write=True) as session:
        record, _ = submissions.submit(
            session, hub_endpoint="h", hub_repo="o/n", revision=revision, suite=SUITE, actor="a", account_id=account_id
        )
        assert submissions.claim_check(session, "worker") is not None
    return record.public_id


def accept(
    engine: Engine, checkpoint: int, revision: str, cells: list[submissions.Cell], minutes: float, account_id: int = 1
) -> str:
    public_id = checking(engine, revision, account_id)
    with session_scope(engine, write=True) as session:
        submissions.accept(
            session, public_id, 1, "worker", checkpoint, cells, minutes=dict.fromkeys(cells, minutes), allowance=WEEK
        )
    return public_id


def left(engine: Engine, account: str = "ada") -> float:
    with session_scope(engine) as session:
        return quotas.minutes_left(session, account, WEEK)


def end_all(engine: Engine, kind: FailureKind | None) -> None:
    with session_scope(engine, write=True) as session:
        while (job := jobs.claim(session, "worker")) is not None:
            if kind is None:
                jobs.finish(session, job.id, job.attempt, "worker", [result(0.5)])
            else:
                jobs.fail(session, job.id, job.attempt, "worker", kind, "broken")
        submissions.advance(session)
        submissions.advance(session)


def test_a_submission_is_charged_once_for_what_is_new(catalogue: Engine, checkpoint: int) -> None:
    accept(catalogue, checkpoint, "1", CELLS, 10.0)
    assert left(catalogue) == 40.0
    accept(catalogue, checkpoint, "2", CELLS, 10.0)  # the same evaluations, shared
    accept(catalogue, checkpoint, "3", CELLS, 10.0, account_id=2)
    assert (left(catalogue), left(catalogue, "bob")) == (40.0, 60.0)


def test_what_nobody_measured_counts_a_minute(catalogue: Engine, checkpoint: int) -> None:
    public_id = checking(catalogue, "1")
    with session_scope(catalogue, write=True) as session:
        submissions.accept(session, public_id, 1, "worker", checkpoint, CELLS, allowance=WEEK)
    assert left(catalogue) == 58.0


@pytest.mark.parametrize(("kind", "refunded"), [("bug", True), ("bad_data", True), ("bad_model", False), (None, False)])
def test_only_our_faults_are_given_back(
    catalogue: Engine, checkpoint: int, kind: FailureKind | None, *, refunded: bool
) -> None:
    accept(catalogue, checkpoint, "1", CELLS, 10.0)
    end_all(catalogue, kind)
    assert left(catalogue) == (60.0 if refunded else 40.0)


def test_too_dear_is_refused_with_what_is_left_and_when(catalogue: Engine, checkpoint: int) -> None:
    accept(catalogue, checkpoint, "1", CELLS[:1], 50.0)
    public_id = checking(catalogue, "2")
    with (
        pytest.raises(QuotaExceededError, match=r"20\.0 device minutes; 10\.0 of 60 in 7 days are left.* UTC on\."),
        session_scope(catalogue, write=True) as session,
    ):
        submissions.accept(
            session, public_id, 1, "worker", checkpoint, CELLS[1:], minutes={CELLS[1]: 20.0}, allowance=WEEK
        )
    with session_scope(catalogue) as session:
        status = submissions.status(session, public_id)
    assert (status.submission.state, status.jobs) == ("checking", ())  # nothing was written: it can be refused in peace
    with session_scope(catalogue, write=True) as session:
        submissions.reject(session, public_id, 1, "worker", "quota_exceeded")
    assert left(catalogue) == 10.0


def test_more_than_everything_asks_for_a_grant_and_gets_it(catalogue: Engine, checkpoint: int) -> None:
    with pytest.raises(QuotaExceededError, match="more than the whole allowance: ask an administrator"):
        accept(catalogue, checkpoint, "1", CELLS, 40.0)
    with session_scope(catalogue, write=True) as session:
        quotas.grant(session, "ada", 25.0, "root")
        with pytest.raises(InvalidRecordError, match="up to 1,000,000 minutes, not 0"):
            quotas.grant(session, "ada", 0.0, "root")
        with pytest.raises(UnknownRecordError, match="no account 'nobody'"):
            quotas.grant(session, "nobody", 1.0, "root")
    with session_scope(catalogue, write=True) as session:
        submissions.reap_checks(session)
    assert left(catalogue) == 85.0


def test_two_at_once_cannot_spend_the_same_minutes(catalogue: Engine, checkpoint: int, catalogue_url: str) -> None:
    ids = [checking(catalogue, str(number)) for number in range(4)]
    barrier, refused = threading.Barrier(4), []

    def judge(number: int) -> None:
        engine = make_engine(catalogue_url)
        cell = (TASK, PROTOCOL, 10 + number)
        barrier.wait()
        try:
            with session_scope(engine, write=True) as session:
                submissions.accept(
                    session, ids[number], 1, "worker", checkpoint, [cell], minutes={cell: 25.0}, allowance=WEEK
                )
        except QuotaExceededError:
            refused.append(number)
        engine.dispose()

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    assert left(catalogue) == 10.0


def withdraw(engine: Engine, public_id: str) -> int:
    """How many jobs are left in the queue after that."""
    with session_scope(engine, write=True) as session:
        submissions.withdraw(session, public_id, "ada")
        return sum(queries.count_jobs(session).values())


def test_a_withdrawal_gives_back_what_nobody_began(catalogue: Engine, checkpoint: int) -> None:
    mine = accept(catalogue, checkpoint, "1", [*CELLS, (TASK, PROTOCOL, 2)], 10.0)
    with session_scope(catalogue, write=True) as session:
        begun = jobs.claim(session, "worker")
        assert begun is not None
        jobs.release(session, begun.id, begun.attempt, "worker")
    assert withdraw(catalogue, mine) == 1
    assert left(catalogue) == 50.0
    end_all(catalogue, "bug")
    assert left(catalogue) == 50.0, "it was given back once"


def test_what_whoever_runs_the_queue_asked_for_first_stays(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        jobs.enqueue(session, checkpoint, *CELLS[0])
    mine = accept(catalogue, checkpoint, "1", CELLS, 10.0)
    assert left(catalogue) == 50.0
    assert withdraw(catalogue, mine) == 1
    assert left(catalogue) == 60.0


def test_what_somebody_else_waits_for_stays_until_he_withdraws_too(catalogue: Engine, checkpoint: int) -> None:
    first = accept(catalogue, checkpoint, "1", CELLS, 10.0)
    second = accept(catalogue, checkpoint, "2", CELLS[:1], 10.0, account_id=2)
    assert withdraw(catalogue, first) == 1
    assert left(catalogue) == 50.0
    assert withdraw(catalogue, second) == 0
    assert (left(catalogue), left(catalogue, "bob")) == (60.0, 60.0), "who had paid gets it back"


def test_a_parent_stays_while_somebody_waits_for_what_was_pruned_from_it(catalogue: Engine, checkpoint: int) -> None:
    dense = accept(catalogue, checkpoint, "1", CELLS, 10.0)
    with session_scope(catalogue, write=True) as session:
        child = replace(MODEL, slug=None, hub_id="o/child", parent=MODEL.name)
        child_hash = replace(CHECKPOINT, densified_hash="d1:" + "7" * 64)
        pruned = queries.register_checkpoint(session, queries.upsert_model(session, child), child_hash)
    sparse = accept(catalogue, pruned, "2", CELLS[:1], 10.0, account_id=2)
    assert withdraw(catalogue, dense) == 3
    assert withdraw(catalogue, sparse) == 2
