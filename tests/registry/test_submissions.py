"""Submissions on real databases, from the hand-in to the end."""

import threading
from collections import Counter

import pytest
from queue_rows import PROTOCOL, SUITE, TASK, fill, result
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, submissions
from registry.db.session import make_engine, session_scope
from registry.errors import LeaseLostError, TransitionError, UnknownRecordError
from registry.records import SubmissionRecord

CELLS = [(TASK, PROTOCOL, 0), (TASK, PROTOCOL, 1)]


@pytest.fixture
def checkpoint(catalogue: Engine) -> int:
    with session_scope(catalogue, write=True) as session:
        return fill(session)


def submit(session: Session, revision: str = "main") -> tuple[SubmissionRecord, bool]:
    return submissions.submit(
        session, hub_endpoint="https://hub", hub_repo="org/net", revision=revision, suite=SUITE, actor="ada"
    )


def submitted(engine: Engine, revision: str = "main") -> str:
    with session_scope(engine, write=True) as session:
        return submit(session, revision)[0].public_id


def accepted(engine: Engine, checkpoint: int, revision: str = "main") -> str:
    public_id = submitted(engine, revision)
    with session_scope(engine, write=True) as session:
        assert submissions.claim_check(session, "worker") is not None
        submissions.accept(session, public_id, 1, "worker", checkpoint, CELLS)
    return public_id


def work(engine: Engine) -> None:
    """Finish the next job and carry its end on."""
    with session_scope(engine, write=True) as session:
        job = jobs.claim(session, "worker")
        assert job is not None
        jobs.finish(session, job.id, job.attempt, "worker", [result(0.5)])
        submissions.advance(session, "worker", job.id)


def test_the_whole_way(catalogue: Engine, checkpoint: int) -> None:
    public_id = accepted(catalogue, checkpoint)
    work(catalogue)
    with session_scope(catalogue) as session:
        half_way = submissions.status(session, public_id)
    assert half_way.submission.state == "running"
    assert Counter(job.state for job in half_way.jobs) == {"done": 1, "queued": 1}
    work(catalogue)
    with session_scope(catalogue) as session:
        end = submissions.status(session, public_id)
    assert [step.new_state for step in end.transitions] == ["received", "checking", "queued", "running", "done"]
    assert [step.actor for step in end.transitions] == ["ada", "worker", "worker", "worker", "worker"]
    assert end.submission.checkpoint_id == checkpoint
    assert all(step.at_us > 1_600_000_000_000_000 for step in end.transitions)


def test_the_same_request_is_one_submission_until_it_ends(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        first, created = submit(session)
        again, created_again = submit(session)
        assert (created, created_again, again.public_id) == (True, False, first.public_id)
        submissions.withdraw(session, first.public_id, "ada")
        assert submit(session)[1] is True


def test_the_same_request_sent_twice_at_once_is_one_submission(
    catalogue: Engine, checkpoint: int, catalogue_url: str
) -> None:
    made: list[tuple[str, bool]] = []

    def ask() -> None:
        engine = make_engine(catalogue_url)
        with session_scope(engine, write=True) as session:
            record, is_new = submit(session)
        made.append((record.public_id, is_new))
        engine.dispose()

    second = threading.Thread(target=ask)
    with session_scope(catalogue, write=True) as session:
        first, _ = submit(session)
        second.start()
        second.join(timeout=1.0)
        assert second.is_alive()
    second.join()
    assert made == [(first.public_id, False)]


def test_an_unknown_suite_is_refused_with_the_nearest(catalogue: Engine, checkpoint: int) -> None:
    with pytest.raises(UnknownRecordError) as error, session_scope(catalogue, write=True) as session:
        submissions.submit(session, hub_endpoint="h", hub_repo="o/n", revision="r", suite="dem@1", actor="ada")
    assert "demo@1" in str(error.value)


def test_evaluated_cells_are_shared_and_done_at_once(catalogue: Engine, checkpoint: int) -> None:
    accepted(catalogue, checkpoint)
    work(catalogue)
    work(catalogue)
    second = accepted(catalogue, checkpoint, revision="tag")
    with session_scope(catalogue) as session:
        assert submissions.status(session, second).submission.state == "done"


def test_a_withdrawal_does_not_kill_shared_jobs(catalogue: Engine, checkpoint: int) -> None:
    first, second = accepted(catalogue, checkpoint), accepted(catalogue, checkpoint, revision="tag")
    with session_scope(catalogue, write=True) as session:
        submissions.withdraw(session, first, "ada", "a mistake")
    work(catalogue)
    work(catalogue)
    with session_scope(catalogue) as session:
        assert submissions.status(session, first).submission.detail == "a mistake"
        assert submissions.status(session, first).submission.state == "withdrawn"
        assert submissions.status(session, second).submission.state == "done"


def test_the_end_cannot_be_withdrawn(catalogue: Engine, checkpoint: int) -> None:
    public_id = submitted(catalogue)
    with session_scope(catalogue, write=True) as session:
        submissions.withdraw(session, public_id, "ada")
    with pytest.raises(TransitionError, match="is withdrawn"), session_scope(catalogue, write=True) as session:
        submissions.withdraw(session, public_id, "ada")


def test_a_draft_waits_for_its_owner(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        draft, _ = submissions.submit(
            session, hub_endpoint="h", hub_repo="o/n", revision="r", suite=SUITE, actor="ada", state="draft"
        )
        assert submissions.claim_check(session, "worker") is None
        submissions.hand_in(session, draft.public_id, "ada")
        assert submissions.claim_check(session, "worker") is not None


def test_a_checker_that_fell_silent_is_replaced_and_refused(catalogue: Engine, checkpoint: int) -> None:
    public_id = submitted(catalogue)
    with session_scope(catalogue, write=True) as session:
        submissions.claim_check(session, "slow", lease_seconds=0.0)
    with session_scope(catalogue, write=True) as session:
        second = submissions.claim_check(session, "quick")
    assert second is not None
    assert (second.public_id, second.check_attempt) == (public_id, 2)
    with (
        pytest.raises(LeaseLostError, match="no longer holds check 1"),
        session_scope(catalogue, write=True) as session,
    ):
        submissions.accept(session, public_id, 1, "slow", checkpoint, CELLS)
    with session_scope(catalogue, write=True) as session:
        submissions.reject(session, public_id, 2, "quick", "no_zeros", "0 %")
    with session_scope(catalogue) as session:
        after = submissions.status(session, public_id)
    assert (after.submission.reason, after.jobs) == ("no_zeros", ())
    assert [step.new_state for step in after.transitions] == [
        "received",
        "checking",
        "received",
        "checking",
        "rejected",
    ]
    assert "Nothing was heard from slow" in str(after.transitions[2].detail)


def test_a_heartbeat_keeps_a_check(catalogue: Engine, checkpoint: int) -> None:
    public_id = submitted(catalogue)
    with session_scope(catalogue, write=True) as session:
        submissions.claim_check(session, "worker", lease_seconds=0.0)
        submissions.heartbeat_check(session, public_id, 1, "worker", lease_seconds=600)
        assert submissions.reap_checks(session) == 0


def test_position_counts_the_jobs_before(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        for seed in range(10, 15):
            jobs.enqueue(session, checkpoint, TASK, PROTOCOL, seed)
    public_id = accepted(catalogue, checkpoint)
    with session_scope(catalogue) as session:
        assert submissions.status(session, public_id).jobs_ahead == 5


def test_racing_checkers_get_different_submissions(catalogue: Engine, checkpoint: int, catalogue_url: str) -> None:
    wanted = {submitted(catalogue, f"r{number}") for number in range(30)}
    claimed: list[str] = []

    def check(owner: str) -> None:
        engine = make_engine(catalogue_url)
        while True:
            with session_scope(engine, write=True) as session:
                record = submissions.claim_check(session, owner)
            if record is None:
                break
            claimed.append(record.public_id)
        engine.dispose()

    threads = [threading.Thread(target=check, args=(f"checker {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(claimed) == Counter(wanted)


def test_visibility_changes_without_a_step(catalogue: Engine, checkpoint: int) -> None:
    public_id = submitted(catalogue)
    with session_scope(catalogue, write=True) as session:
        submissions.show(session, public_id, "public", "ada")
    with session_scope(catalogue) as session:
        after = submissions.status(session, public_id)
    assert (after.submission.visibility, len(after.transitions)) == ("public", 1)
