"""What may happen to a submission: pure functions from a record to the next one.

=========  =========  ==========================================================
state      event      next state
=========  =========  ==========================================================
draft      submit     received
received   check      checking (one attempt more, leased to a worker)
checking   accept     queued
checking   reject     rejected, with a reason code and what to do
checking   fail       received again, or failed when the kind or the attempts say so
queued     start      running, when a job of it started
queued     finish     done or failed, when every job had ended before
running    finish     done when every job ended, failed when none succeeded
any above  withdraw   withdrawn; shared jobs go on for the others
any        edit       the same, with another note, method, visibility (or suite, before its check)
=========  =========  ==========================================================

``done``, ``rejected``, ``failed`` and ``withdrawn`` are ends: every other pair is refused with
:class:`~registry.errors.TransitionError`. Times are microseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .errors import TransitionError
from .job_rules import RETRIES
from .records import FailureKind, JobRecord, SubmissionRecord, SubmissionState, Visibility

MAX_CHECKS = 3
TRANSITIONS: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    "draft": frozenset({"received", "withdrawn"}),
    "received": frozenset({"checking", "withdrawn"}),
    "checking": frozenset({"received", "queued", "rejected", "failed", "withdrawn"}),
    "queued": frozenset({"running", "done", "failed", "withdrawn"}),
    "running": frozenset({"done", "failed", "withdrawn"}),
    "done": frozenset(),
    "rejected": frozenset(),
    "failed": frozenset(),
    "withdrawn": frozenset(),
}


def received(submission: SubmissionRecord, now: int) -> SubmissionRecord:
    """A draft is handed in."""
    return _to(submission, "received", now)


def checking(submission: SubmissionRecord, owner: str, now: int, lease_us: int) -> SubmissionRecord:
    """A worker begins to check it."""
    after = _to(submission, "checking", now)
    return replace(
        after,
        check_attempt=submission.check_attempt + 1,
        lease_owner=owner,
        lease_expires_us=now + lease_us,
        heartbeat_us=now,
    )


def beaten(submission: SubmissionRecord, now: int, lease_us: int) -> SubmissionRecord:
    """The checker is alive."""
    if submission.state != "checking":
        raise TransitionError(f"Submission {submission.public_id} is {submission.state}, not checking.")
    return replace(submission, heartbeat_us=now, lease_expires_us=now + lease_us)


def accepted(submission: SubmissionRecord, checkpoint_id: int, now: int) -> SubmissionRecord:
    """The check is passed; its bytes are ``checkpoint_id``."""
    return replace(_to(submission, "queued", now), checkpoint_id=checkpoint_id)


def rejected(submission: SubmissionRecord, reason: str, detail: str | None, now: int) -> SubmissionRecord:
    """The check found ``reason`` (a code of :mod:`registry.reasons`)."""
    return replace(_to(submission, "rejected", now), reason=reason, detail=detail)


def check_failed(submission: SubmissionRecord, kind: FailureKind, detail: str, now: int) -> SubmissionRecord:
    """The check itself broke: it waits for another one, or failed for good."""
    again = kind in RETRIES and submission.check_attempt < MAX_CHECKS
    return replace(_to(submission, "received" if again else "failed", now), reason=kind, detail=detail)


def withdrawn(submission: SubmissionRecord, detail: str | None, now: int) -> SubmissionRecord:
    """Its owner takes it back."""
    if submission.state == "done":
        raise TransitionError(
            f"Submission {submission.public_id} is done: there is nothing to take back.",
            f"To take it from the board: prunarium edit {submission.public_id} --visibility private",
        )
    return replace(_to(submission, "withdrawn", now), reason=None, detail=detail)


def advanced(submission: SubmissionRecord, jobs: Sequence[JobRecord], now: int) -> SubmissionRecord:
    """What the states of its jobs make of a queued or running submission; itself when nothing changes."""
    if submission.state not in ("queued", "running"):
        return submission
    if all(job.state in ("done", "failed") for job in jobs):
        failures = [job for job in jobs if job.state == "failed"]
        if failures and len(failures) == len(jobs):
            first = failures[0]
            after = _to(submission, "failed", now)
            return replace(after, reason=first.failure_kind, detail=first.failure_message)
        return replace(_to(submission, "done", now), reason=None, detail=None)
    started = any(job.state != "queued" or job.attempt > 0 for job in jobs)
    return _to(submission, "running", now) if started and submission.state == "queued" else submission


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What a submitter changes afterwards; None leaves a thing as it is, an empty text removes it."""

    suite: str | None = None
    method: str | None = None
    note: str | None = None
    visibility: Literal["private", "public"] | None = None

    @property
    def fields(self) -> dict[str, str]:
        """What is changed, to what."""
        return {name: value for name, value in vars(self).items() if value is not None}


def edited(submission: SubmissionRecord, edit: Edit, now: int) -> SubmissionRecord:
    """Note, method and visibility change in any state; the suite only before jobs were made of it."""
    if edit.suite is not None and edit.suite != submission.suite and submission.state not in ("draft", "received"):
        raise TransitionError(
            f"Submission {submission.public_id} is {submission.state}: its suite does not change any more.",
            f"Submit it again to another: prunarium resubmit {submission.public_id} --suite {edit.suite}",
        )
    if edit.visibility is not None and submission.visibility == "hidden":
        raise TransitionError(
            f"Submission {submission.public_id} was hidden by a moderator.", "Ask the moderators of this server."
        )
    changed = {name: value or None if name in ("method", "note") else value for name, value in edit.fields.items()}
    return replace(submission, **changed, updated_us=now)  # type: ignore[arg-type]


def flagged(submission: SubmissionRecord, why: str, now: int) -> SubmissionRecord:
    """What it states is doubted, in any state."""
    return replace(submission, flagged=why, updated_us=now)


def shown(submission: SubmissionRecord, visibility: Visibility, now: int) -> SubmissionRecord:
    """Visibility is apart from the state: a submission is shown, kept private or hidden at any time."""
    return replace(submission, visibility=visibility, updated_us=now)


def _to(submission: SubmissionRecord, state: SubmissionState, now: int) -> SubmissionRecord:
    if state not in TRANSITIONS[submission.state]:
        raise TransitionError(f"Submission {submission.public_id} is {submission.state} and cannot become {state}.")
    return replace(submission, state=state, updated_us=now, lease_owner=None, lease_expires_us=None, heartbeat_us=None)
