"""The rules of a job's life, as pure functions."""

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import job_rules
from registry.errors import TransitionError
from registry.records import FailureKind, JobRecord, JobState

QUEUED = JobRecord(
    id=1, checkpoint_id=1, model="m", task="t@1", protocol="p@1", seed=0, state="queued", attempt=0, max_attempts=3,
    batch_divisor=1, lease_owner=None, lease_expires_us=None, heartbeat_us=None, not_before_us=0, failure_kind=None,
    failure_message=None, created_us=0, finished_us=None,
)  # fmt: skip
LEASED = job_rules.claimed(QUEUED, "worker", now=100, lease_us=50)
DONE = job_rules.finished(LEASED, now=120)
FAILED = job_rules.failed(LEASED, "bug", "broken", now=120)
STATES: dict[JobState, JobRecord] = {"queued": QUEUED, "leased": LEASED, "done": DONE, "failed": FAILED}
EVENTS: dict[str, tuple[JobState, Callable[[JobRecord], JobRecord]]] = {
    "claim": ("queued", lambda job: job_rules.claimed(job, "other", 200, 50)),
    "heartbeat": ("leased", lambda job: job_rules.beaten(job, 200, 50)),
    "finish": ("leased", lambda job: job_rules.finished(job, 200)),
    "fail": ("leased", lambda job: job_rules.failed(job, "transient", "", 200)),
    "expire": ("leased", lambda job: job_rules.expired(job, 200)),
    "release": ("leased", job_rules.released),
    "deliver": ("leased", lambda job: job if job.delivered else job_rules.delivered(job)),
    "refuse": ("leased", lambda job: job_rules.refused(job, "", 200)),
    "retry": ("failed", job_rules.retried),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", STATES)
def test_an_event_happens_in_its_state_only(state: JobState, event: str) -> None:
    allowed, happen = EVENTS[event]
    assert STATES[state].state == state
    if state == allowed:
        happen(STATES[state])
    else:
        with pytest.raises(TransitionError, match=f"is {state}"):
            happen(STATES[state])


def test_a_claim_is_a_new_attempt_with_an_owner_and_an_expiry() -> None:
    assert (LEASED.attempt, LEASED.lease_owner, LEASED.lease_expires_us, LEASED.heartbeat_us) == (1, "worker", 150, 100)


def test_a_heartbeat_moves_the_expiry() -> None:
    assert job_rules.beaten(LEASED, now=140, lease_us=50).lease_expires_us == 190


@pytest.mark.parametrize(
    ("kind", "again", "wait_seconds", "divisor"),
    [
        ("transient", True, 1, 1),
        ("timeout", True, 5, 1),
        ("out_of_memory", True, 0, 2),
        ("bad_model", False, 0, 1),
        ("bad_data", False, 0, 1),
        ("bug", False, 0, 1),
    ],
)
def test_the_kind_of_failure_decides(kind: FailureKind, again: bool, wait_seconds: int, divisor: int) -> None:
    after = job_rules.failed(LEASED, kind, "why", now=1_000)
    assert after.state == ("queued" if again else "failed")
    assert after.not_before_us == (1_000 + wait_seconds * 1_000_000 if wait_seconds else 0)
    assert after.batch_divisor == divisor
    assert (after.failure_kind, after.failure_message) == (kind, "why")


def test_every_kind_of_failure_is_covered_above() -> None:
    assert set(get_args(FailureKind)) == {"transient", "timeout", "out_of_memory", "bad_model", "bad_data", "bug"}


def test_waiting_doubles_with_every_attempt_and_is_bounded() -> None:
    waits = []
    for attempt in range(1, 40):
        job = job_rules.claimed(_with(QUEUED, attempt=attempt - 1, max_attempts=99), "worker", 0, 1)
        waits.append(job_rules.failed(job, "transient", "", now=0).not_before_us)
    assert waits[:4] == [1_000_000, 2_000_000, 4_000_000, 8_000_000]
    assert max(waits) == job_rules.MAX_DELAY_US


def test_an_expired_lease_gives_another_attempt_until_the_last() -> None:
    job = QUEUED
    for attempt in (1, 2, 3):
        job = job_rules.expired(job_rules.claimed(job, "worker", 0, 1), now=5)
        assert job.attempt == attempt
    assert (job.state, job.failure_kind, job.finished_us) == ("failed", "timeout", 5)


def test_a_released_job_keeps_its_attempts() -> None:
    job = QUEUED
    for _ in range(10):
        job = job_rules.released(job_rules.claimed(job, "worker", 0, 1))
    assert job.max_attempts - job.attempt == QUEUED.max_attempts
    assert job.state == "queued"


def test_what_is_delivered_is_scored_in_one_attempt_more_and_only_once() -> None:
    waiting = job_rules.delivered(LEASED)
    assert (waiting.state, waiting.delivered, waiting.max_attempts) == ("queued", True, LEASED.max_attempts + 1)
    scoring = job_rules.claimed(waiting, "scorer", 200, 50)
    with pytest.raises(TransitionError, match="being scored"):
        job_rules.delivered(scoring)
    assert job_rules.expired(scoring, 300).delivered
    assert job_rules.finished(scoring, 220).state == "done"


def test_deliveries_that_are_refused_end_too() -> None:
    job, refusals = QUEUED, 0
    while job.state == "queued":
        job = job_rules.delivered(job_rules.claimed(job, "liar", 0, 1))
        job = job_rules.refused(job_rules.claimed(job, "scorer", 0, 1), "not what they say", now=5)
        assert not job.delivered
        refusals += 1
    assert (job.state, refusals) == ("failed", job_rules.MAX_ATTEMPTS)


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=30))
def test_any_sequence_keeps_the_shape_that_the_table_demands(events: list[str]) -> None:
    """What the CHECK constraint on the table says, and that attempts only rise."""
    job = QUEUED
    for event in events:
        allowed, happen = EVENTS[event]
        if job.state != allowed:
            continue
        after = happen(job)
        assert after.attempt >= job.attempt
        assert (after.state == "leased") == (after.lease_owner is not None) == (after.lease_expires_us is not None)
        assert (after.state in ("done", "failed")) == (after.finished_us is not None)
        job = after


def _with(job: JobRecord, **changes: int) -> JobRecord:
    return JobRecord(**{**vars(job), **changes})
