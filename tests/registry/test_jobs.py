"""The queue on real databases: what a worker may rely on."""

import time
from collections.abc import Callable, Iterator

import pytest
from queue_rows import PROTOCOL, TASK, fill, result
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, queries
from registry.db.session import now_us, session_scope
from registry.errors import ImmutableRowError, InvalidRecordError, LeaseLostError, TransitionError, UnknownRecordError
from registry.records import JobRecord, PredictionRecord

PREDICTION = PredictionRecord(blob_sha256="c" * 64, array_hash="a", size_bytes=10, n=5)
SECOND_US = 1_000_000


class Clock:
    """The database's clock, as far as the queue sees it."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self, _session: Session) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(1_000 * SECOND_US)
    monkeypatch.setattr(jobs, "now_us", clock)
    return clock


@pytest.fixture
def checkpoint(catalogue: Engine) -> int:
    with session_scope(catalogue, write=True) as session:
        return fill(session)


@pytest.fixture
def job_id(catalogue: Engine, checkpoint: int) -> int:
    with session_scope(catalogue, write=True) as session:
        return jobs.enqueue(session, checkpoint, TASK, PROTOCOL, 0)[0]


@pytest.fixture
def writing(catalogue: Engine) -> Iterator[Session]:
    with session_scope(catalogue, write=True) as session:
        yield session


def claim(engine: Engine, owner: str = "worker", lease_seconds: float = 60.0) -> JobRecord | None:
    with session_scope(engine, write=True) as session:
        return jobs.claim(session, owner, lease_seconds)


def must_claim(engine: Engine, owner: str = "worker", lease_seconds: float = 60.0) -> JobRecord:
    job = claim(engine, owner, lease_seconds)
    assert job is not None
    return job


def test_one_evaluation_is_one_job(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        first = jobs.enqueue(session, checkpoint, TASK, PROTOCOL, 0)
        again = jobs.enqueue(session, checkpoint, TASK, PROTOCOL, 0)
        other_seed = jobs.enqueue(session, checkpoint, TASK, PROTOCOL, 1)
    assert first == (again[0], True)
    assert again[1] is False
    assert other_seed[1] is True


def test_an_unknown_task_is_refused_with_the_nearest_name(writing: Session, checkpoint: int) -> None:
    with pytest.raises(UnknownRecordError, match=r"digit@1") as error:
        jobs.enqueue(writing, checkpoint, "digit@1", PROTOCOL, 0)
    assert "digits@1" in str(error.value)


def test_an_empty_queue_gives_nothing(catalogue: Engine, checkpoint: int) -> None:
    assert claim(catalogue) is None


def test_jobs_are_claimed_in_order_and_once(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        wanted = [jobs.enqueue(session, checkpoint, TASK, PROTOCOL, seed)[0] for seed in range(3)]
    claimed = [must_claim(catalogue, f"worker {n}") for n in range(3)]
    assert [job.id for job in claimed] == wanted
    assert [(job.attempt, job.state, job.model, job.seed) for job in claimed] == [
        (1, "leased", "gmp/net/0.90", seed) for seed in range(3)
    ]
    assert claim(catalogue) is None


def test_finishing_writes_results_predictions_and_the_end_together(catalogue: Engine, job_id: int) -> None:
    job = must_claim(catalogue)
    with session_scope(catalogue, write=True) as session:
        assert jobs.finish(session, job.id, 1, "worker", [result(0.75)], [PREDICTION], {"seconds": 2.0})
    with session_scope(catalogue) as session:
        assert queries.get_job(session, job_id).state == "done"
        written = queries.results(session, job_id=job_id)
        assert [(row.value, row.seed, row.checkpoint_id, row.trust) for row in written] == [(0.75, 0, 1, "measured")]
        assert [row.blob_sha256 for row in queries.predictions_of(session, job_id)] == ["c" * 64]


def test_a_delivery_that_fails_half_way_leaves_nothing(catalogue: Engine, job_id: int) -> None:
    """The second prediction collides: neither results nor the end may stay."""
    must_claim(catalogue)
    with pytest.raises(ImmutableRowError), session_scope(catalogue, write=True) as session:
        jobs.finish(session, job_id, 1, "worker", [result(0.75)], [PREDICTION, PREDICTION])
    with session_scope(catalogue) as session:
        assert queries.get_job(session, job_id).state == "leased"
        assert queries.results(session, job_id=job_id) == []


def test_the_same_delivery_twice_is_told_and_written_once(catalogue: Engine, job_id: int) -> None:
    must_claim(catalogue)
    told = []
    for value in (0.75, 0.5):
        with session_scope(catalogue, write=True) as session:
            told.append(jobs.finish(session, job_id, 1, "worker", [result(value)]))
    with session_scope(catalogue) as session:
        assert [row.value for row in queries.results(session, job_id=job_id)] == [0.75]
    assert told == [True, False]


def test_a_late_delivery_is_refused_after_the_job_went_to_another(catalogue: Engine, job_id: int, clock: Clock) -> None:
    must_claim(catalogue, "slow", lease_seconds=10)
    clock.now += 11 * SECOND_US
    second = must_claim(catalogue, "quick")
    assert (second.id, second.attempt) == (job_id, 2)
    calls: dict[str, Callable[[Session], object]] = {
        "finish": lambda session: jobs.finish(session, job_id, 1, "slow", [result(0.1)]),
        "fail": lambda session: jobs.fail(session, job_id, 1, "slow", "bug", "late"),
        "heartbeat": lambda session: jobs.heartbeat(session, job_id, 1, "slow"),
        "release": lambda session: jobs.release(session, job_id, 1, "slow"),
    }
    for call in calls.values():
        with (
            pytest.raises(LeaseLostError, match="no longer holds attempt 1"),
            session_scope(catalogue, write=True) as session,
        ):
            call(session)
    with session_scope(catalogue, write=True) as session:
        assert jobs.finish(session, job_id, 2, "quick", [result(0.9)])
        assert [row.value for row in queries.results(session, job_id=job_id)] == [0.9]


@pytest.mark.parametrize(("attempt", "owner"), [(1, "somebody else"), (2, "worker"), (0, "worker")])
def test_the_fence_is_attempt_and_owner(catalogue: Engine, job_id: int, attempt: int, owner: str) -> None:
    must_claim(catalogue)
    with pytest.raises(LeaseLostError), session_scope(catalogue, write=True) as session:
        jobs.finish(session, job_id, attempt, owner, [result(0.9)])


def test_heartbeats_keep_a_job(catalogue: Engine, job_id: int, clock: Clock) -> None:
    must_claim(catalogue, lease_seconds=10)
    for _ in range(5):
        clock.now += 9 * SECOND_US
        with session_scope(catalogue, write=True) as session:
            jobs.heartbeat(session, job_id, 1, "worker", lease_seconds=10)
        assert claim(catalogue, "other") is None


def test_a_lease_that_ran_out_is_still_good_while_nobody_took_the_job(
    catalogue: Engine, job_id: int, clock: Clock
) -> None:
    must_claim(catalogue, lease_seconds=10)
    clock.now += 3600 * SECOND_US
    with session_scope(catalogue, write=True) as session:
        assert jobs.finish(session, job_id, 1, "worker", [result(0.9)])


def test_silent_workers_use_up_the_attempts(catalogue: Engine, job_id: int, clock: Clock) -> None:
    for attempt in (1, 2, 3):
        assert must_claim(catalogue, lease_seconds=10).attempt == attempt
        clock.now += 11 * SECOND_US
    assert claim(catalogue) is None
    with session_scope(catalogue) as session:
        job = queries.get_job(session, job_id)
    assert (job.state, job.failure_kind) == ("failed", "timeout")
    assert "Nothing was heard from worker" in str(job.failure_message)


def test_a_clock_that_went_back_holds_no_job_for_ever(catalogue: Engine, job_id: int, clock: Clock) -> None:
    """One lease and one waiting time were written by a clock a day ahead."""
    must_claim(catalogue, "first", lease_seconds=10)
    clock.now -= 86_400 * SECOND_US
    job = must_claim(catalogue, "second")
    assert job.attempt == 2
    clock.now += 86_400 * SECOND_US
    with session_scope(catalogue, write=True) as session:
        jobs.heartbeat(session, job_id, 2, "second")
        jobs.fail(session, job_id, 2, "second", "transient", "net")
    clock.now -= 86_400 * SECOND_US
    assert must_claim(catalogue, "third").attempt == 3


def test_a_failed_attempt_waits_before_the_next(catalogue: Engine, job_id: int, clock: Clock) -> None:
    must_claim(catalogue)
    with session_scope(catalogue, write=True) as session:
        jobs.fail(session, job_id, 1, "worker", "transient", "the hub did not answer")
    assert claim(catalogue) is None
    clock.now += SECOND_US
    assert must_claim(catalogue).attempt == 2


def test_a_long_message_is_cut(catalogue: Engine, job_id: int) -> None:
    must_claim(catalogue)
    with session_scope(catalogue, write=True) as session:
        after = jobs.fail(session, job_id, 1, "worker", "bug", "x" * 10_000)
    assert after.failure_message == "x" * 500


def test_dead_owners_are_reaped_at_once(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        for seed in (0, 1):
            jobs.enqueue(session, checkpoint, TASK, PROTOCOL, seed)
    must_claim(catalogue, "dead")
    must_claim(catalogue, "alive")
    with session_scope(catalogue, write=True) as session:
        assert jobs.reap(session, lambda owner: owner == "dead") == 1
        assert queries.count_jobs(session) == {"queued": 1, "leased": 1}


def test_a_failed_job_can_be_retried_and_another_cannot(catalogue: Engine, job_id: int) -> None:
    with pytest.raises(TransitionError, match="is queued"), session_scope(catalogue, write=True) as session:
        jobs.retry(session, job_id)
    must_claim(catalogue)
    with session_scope(catalogue, write=True) as session:
        jobs.fail(session, job_id, 1, "worker", "bug", "broken")
        after = jobs.retry(session, job_id)
    assert (after.state, after.failure_kind, after.max_attempts) == ("queued", None, 4)
    assert must_claim(catalogue).attempt == 2


def test_results_of_another_model_or_without_measurement_are_refused(catalogue: Engine, job_id: int) -> None:
    must_claim(catalogue)
    wrong_model = {**vars(result(0.5)), "model": "other"}
    reported = {**vars(result(0.5)), "trust": "reported", "source": "a paper"}
    not_finite = {**vars(result(0.5)), "value": float("nan")}
    for values in (wrong_model, reported, not_finite):
        with pytest.raises(InvalidRecordError), session_scope(catalogue, write=True) as session:
            jobs.finish(session, job_id, 1, "worker", [type(result(0.5))(**values)])


def test_the_database_refuses_what_the_code_would_let_through(catalogue: Engine, job_id: int) -> None:
    """A value without an interval and without a reason: the CHECK is the last line."""
    must_claim(catalogue)
    bare = {**vars(result(0.5)), "no_interval_reason": None}
    with pytest.raises(InvalidRecordError, match=r"(?i)constraint"), session_scope(catalogue, write=True) as session:
        jobs.finish(session, job_id, 1, "worker", [type(result(0.5))(**bare)])


def test_the_database_clock_ticks_in_microseconds(catalogue: Engine) -> None:
    with session_scope(catalogue) as session:
        assert abs(now_us(session) - time.time() * 1e6) < 5e6
