"""The rules of a submission's life, as pure functions."""

from dataclasses import replace
from typing import get_args

import pytest

from registry import submission_rules
from registry.errors import TransitionError
from registry.records import JobRecord, JobState, SubmissionRecord, SubmissionState
from registry.submission_rules import TRANSITIONS

SUBMISSION = SubmissionRecord(
    id=1, public_id="abc", account=None, hub_endpoint="h", hub_repo="o/n", revision="main", suite="demo@1",
    checkpoint_id=None, state="received", visibility="private", reason=None, detail=None, check_attempt=0,
    lease_owner=None, lease_expires_us=None, heartbeat_us=None, created_us=0, updated_us=0,
)  # fmt: skip
CHECKING = submission_rules.checking(SUBMISSION, "worker", now=100, lease_us=50)
QUEUED = submission_rules.accepted(CHECKING, checkpoint_id=7, now=110)
JOB = JobRecord(
    id=1, checkpoint_id=7, model="m", task="t@1", protocol="p@1", seed=0, state="queued", attempt=0, max_attempts=3,
    batch_divisor=1, lease_owner=None, lease_expires_us=None, heartbeat_us=None, not_before_us=0, failure_kind=None,
    failure_message=None, created_us=0, finished_us=None,
)  # fmt: skip


def jobs(*states: JobState) -> list[JobRecord]:
    return [
        replace(JOB, id=number, state=state, attempt=0 if state == "queued" else 1, failure_kind="bug")
        for number, state in enumerate(states)
    ]


def test_the_table_has_every_state_and_ends_are_ends() -> None:
    assert set(TRANSITIONS) == set(get_args(SubmissionState))
    assert {state for state, ways in TRANSITIONS.items() if not ways} == {"done", "rejected", "failed", "withdrawn"}


@pytest.mark.parametrize("state", get_args(SubmissionState))
@pytest.mark.parametrize("wanted", get_args(SubmissionState))
def test_only_the_ways_of_the_table_are_open(state: SubmissionState, wanted: SubmissionState) -> None:
    submission = replace(SUBMISSION, state=state)
    if wanted in TRANSITIONS[state]:
        assert submission_rules._to(submission, wanted, 5).state == wanted
    else:
        with pytest.raises(TransitionError, match=f"is {state} and cannot become {wanted}"):
            submission_rules._to(submission, wanted, 5)


@pytest.mark.parametrize("state", [state for state, ways in TRANSITIONS.items() if ways])
def test_from_everywhere_there_is_a_way_to_an_end(state: SubmissionState) -> None:
    reached, new = {state}, {state}
    while new:
        new = {target for source in new for target in TRANSITIONS[source]} - reached
        reached |= new
    assert reached & {"done", "rejected", "failed"}
    assert "withdrawn" in TRANSITIONS[state]


def test_a_check_is_leased_and_its_end_frees_it() -> None:
    assert (CHECKING.check_attempt, CHECKING.lease_owner, CHECKING.lease_expires_us) == (1, "worker", 150)
    assert (QUEUED.lease_owner, QUEUED.lease_expires_us, QUEUED.checkpoint_id) == (None, None, 7)
    rejected = submission_rules.rejected(CHECKING, "no_zeros", "0 % of 90 %", 120)
    assert (rejected.state, rejected.reason, rejected.detail) == ("rejected", "no_zeros", "0 % of 90 %")


def test_a_broken_check_is_tried_three_times_when_the_kind_allows() -> None:
    submission = SUBMISSION
    for attempt in (1, 2, 3):
        submission = submission_rules.checking(submission, "worker", 0, 1)
        assert submission.check_attempt == attempt
        submission = submission_rules.check_failed(submission, "transient", "no answer", 5)
    assert (submission.state, submission.reason) == ("failed", "transient")
    assert submission_rules.check_failed(CHECKING, "bug", "broken", 5).state == "failed"


@pytest.mark.parametrize(
    ("states", "after"),
    [
        (("queued", "queued"), "queued"),
        (("leased", "queued"), "running"),
        (("done", "queued"), "running"),
        (("done", "leased"), "running"),
        (("done", "done"), "done"),
        (("done", "failed"), "done"),
        (("failed", "failed"), "failed"),
        ((), "done"),
    ],
)
def test_jobs_carry_a_submission_along(states: tuple[JobState, ...], after: SubmissionState) -> None:
    """`done` means that every job ended: cells of failed jobs are missing with their reason."""
    for before in (QUEUED, replace(QUEUED, state="running")):
        expected = before.state if after == "queued" else after
        assert submission_rules.advanced(before, jobs(*states), 9).state == expected


def test_a_submission_that_failed_says_why() -> None:
    after = submission_rules.advanced(QUEUED, jobs("failed"), 9)
    assert (after.state, after.reason) == ("failed", "bug")


@pytest.mark.parametrize("state", ["received", "checking", "done", "withdrawn"])
def test_jobs_move_nothing_that_does_not_wait_for_them(state: SubmissionState) -> None:
    submission = replace(SUBMISSION, state=state)
    assert submission_rules.advanced(submission, jobs("done"), 9) is submission


def test_visibility_is_apart_from_the_state() -> None:
    done = replace(SUBMISSION, state="done")
    assert submission_rules.shown(done, "hidden", 9) == replace(done, visibility="hidden", updated_us=9)
