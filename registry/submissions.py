"""Requests to evaluate a model, from the hand-in to the end.

A worker checks what was received (:func:`claim_check`, then :func:`accept` or :func:`reject`), under a lease like that
of a job; the jobs run in the queue of :mod:`registry.jobs`; :func:`advance` carries their ends to the submissions.
Every step is appended to the submission's history with its actor and the database's time.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from . import jobs, quotas, submission_rules
from .contamination import named_data
from .db.session import now_us
from .declarations import NOTHING_DECLARED, Declared
from .job_rules import CLOCK_TOLERANCE_US, SECOND_US
from .positions import Position, position
from .queries import jobs_ahead, list_suites, set_listed, turns
from .queries import submissions as rows
from .queries._common import unknown
from .queries.jobs import jobs_of_submission
from .queries.result_rows import primary_values
from .queries.training_data import declare_new
from .queries.withdrawals import take_out
from .quota_rules import Allowance
from .records import (
    FailureKind,
    JobRecord,
    ResultRecord,
    SubmissionKind,
    SubmissionRecord,
    TransitionRecord,
    Visibility,
)
from .submission_rules import Edit

# A check is below a minute on a CPU for a ResNet-50, its download included.
CHECK_LEASE_SECONDS = 300.0

Cell = tuple[str, str, int]
"""Task, protocol, seed."""


@dataclass(frozen=True)
class Status:
    """Everything a submitter may ask: the submission, its history, its jobs, how many other jobs come first, the
    primary number of each job that is done, and where it stands in the queue until its end."""

    submission: SubmissionRecord
    transitions: tuple[TransitionRecord, ...]
    jobs: tuple[JobRecord, ...]
    jobs_ahead: int
    values: tuple[ResultRecord, ...] = ()
    position: Position | None = None


def submit(
    session: Session,
    *,
    hub_endpoint: str,
    hub_repo: str,
    revision: str,
    suite: str,
    actor: str,
    account_id: int | None = None,
    visibility: Visibility = "private",
    state: Literal["draft", "received"] = "received",
    kind: SubmissionKind = "weights",
    declared: Declared = NOTHING_DECLARED,
    note: str | None = None,
    replaces: str | None = None,
) -> tuple[SubmissionRecord, bool]:
    """Hand in a Hub repository at a revision for a suite (``name@version``); returns (submission, whether it is new).

    ``declared`` stands beside the files, ``note`` is for people, ``replaces`` names the submission before this one.
    The same request by the same account is one submission until it ends. Raises
    :class:`~registry.errors.UnknownRecordError` for an unknown suite.
    """
    # Held to the end of the transaction: the same request sent twice at once finds the first one's row.
    if not rows.lock_suite(session, suite):
        raise unknown("suite", suite, [f"{entry.name}@{entry.version}" for entry in list_suites(session)])
    known = rows.find_unfinished(session, account_id, hub_endpoint, hub_repo, revision, suite, kind)
    if known is not None:
        return known, False
    now = now_us(session)
    values = {
        "public_id": secrets.token_hex(6),
        "hub_endpoint": hub_endpoint,
        "hub_repo": hub_repo,
        "revision": revision,
        "suite": suite,
        "kind": kind,
        "method": declared.method,
        "parent": declared.parent,
        "training_data": declared.training_data,
        "note": note,
        "replaces": replaces,
        "state": state,
        "visibility": visibility,
        "check_attempt": 0,
        "created_us": now,
        "updated_us": now,
    }
    return rows.insert_submission(session, account_id, values, actor), True


def hand_in(session: Session, public_id: str, actor: str) -> SubmissionRecord:
    """Submit a draft. Raises :class:`~registry.errors.TransitionError` for anything else."""
    before = rows.get_submission(session, public_id, lock=True)
    return _write(session, before, submission_rules.received(before, now_us(session)), actor)


def status(session: Session, public_id: str) -> Status:
    """Where a submission stands. Raises :class:`~registry.errors.UnknownRecordError`."""
    submission = rows.get_submission(session, public_id)
    waiting = jobs_of_submission(session, submission.id)
    return Status(
        submission,
        tuple(rows.transitions_of(session, submission.id)),
        tuple(waiting),
        jobs_ahead(session, [job.id for job in waiting]),
        tuple(primary_values(session, [job.id for job in waiting])),
        position(session, public_id),
    )


def withdraw(session: Session, public_id: str, actor: str, detail: str | None = None) -> SubmissionRecord:
    """Take it back, with the jobs that nobody began or else waits for; the others go on.

    Raises :class:`~registry.errors.TransitionError` after its end.
    """
    before = rows.get_submission(session, public_id, lock=True)
    after = _write(session, before, submission_rules.withdrawn(before, detail, now_us(session)), actor)
    quotas.give_back(session, take_out(session, before.id))
    return after


def show(session: Session, public_id: str, visibility: Visibility, actor: str) -> SubmissionRecord:
    """Change who sees a submission, in any state."""
    before = rows.get_submission(session, public_id, lock=True)
    return _write(session, before, submission_rules.shown(before, visibility, now_us(session)), actor)


def edit(session: Session, public_id: str, changes: Edit, actor: str) -> SubmissionRecord:
    """Change what the submitter may change; the history names what. Raises :class:`~registry.errors.TransitionError`.

    Raises :class:`~registry.errors.UnknownRecordError` for an unknown suite.
    """
    if changes.suite is not None and not rows.lock_suite(session, changes.suite):
        raise unknown("suite", changes.suite, [f"{entry.name}@{entry.version}" for entry in list_suites(session)])
    before = rows.get_submission(session, public_id, lock=True)
    now = now_us(session)
    after = submission_rules.edited(before, changes, now)
    if after.checkpoint_id is not None and after.method is not None and after.method != before.method:
        rows.rename_method(session, after, after.method)
    told = f"changed: {', '.join(changes.fields)}"
    rows.add_transition(session, before.id, before.state, before.state, actor, now, detail=told)
    return _write(session, before, after, actor)


def flag(session: Session, public_id: str, why: str, actor: str = "queue") -> SubmissionRecord:
    """Say on its page, and on its model's, why what a submission states is doubted."""
    before = rows.get_submission(session, public_id, lock=True)
    now = now_us(session)
    rows.add_transition(session, before.id, before.state, before.state, actor, now, detail=why)
    if before.checkpoint_id is not None:
        rows.warn_of_model(session, before.checkpoint_id, why)
    return _write(session, before, submission_rules.flagged(before, why, now), actor)


def resubmit(
    session: Session, public_id: str, actor: str, *, revision: str | None = None, suite: str | None = None
) -> SubmissionRecord:
    """Hand in anew, at another revision or to another suite, what a submission was; the new one names the old one.

    The old one is withdrawn if it has not ended, and stays as it is otherwise. Raises
    :class:`~registry.errors.UnknownRecordError` for the submission or the suite.
    """
    old = rows.get_submission(session, public_id, lock=True)
    if old.state in rows.UNFINISHED:
        withdraw(session, public_id, actor, "submitted again")
    return submit(
        session,
        hub_endpoint=old.hub_endpoint,
        hub_repo=old.hub_repo,
        revision=revision or old.revision,
        suite=suite or old.suite,
        actor=actor,
        account_id=rows.account_of(session, old.id),
        kind=old.kind,
        declared=Declared.of(old),
        note=old.note,
        replaces=old.public_id,
    )[0]


def claim_check(session: Session, owner: str, lease_seconds: float = CHECK_LEASE_SECONDS) -> SubmissionRecord | None:
    """Lease the oldest submission that waits for its check; None when there is none. Returns expired leases first."""
    reap_checks(session)
    before = rows.next_received(session)
    if before is None:
        return None
    after = submission_rules.checking(before, owner, now_us(session), int(lease_seconds * SECOND_US))
    return _write(session, before, after, owner)


def heartbeat_check(
    session: Session, public_id: str, check_attempt: int, owner: str, lease_seconds: float = CHECK_LEASE_SECONDS
) -> SubmissionRecord:
    """Prolong the lease of a check. Raises :class:`~registry.errors.LeaseLostError`."""
    before = rows.lock_check(session, public_id, check_attempt, owner)
    after = submission_rules.beaten(before, now_us(session), int(lease_seconds * SECOND_US))
    return _write(session, before, after, owner)


def accept(
    session: Session,
    public_id: str,
    check_attempt: int,
    owner: str,
    checkpoint_id: int,
    cells: Iterable[Cell],
    *,
    commit: str | None = None,
    minutes: Mapping[Cell, float] | None = None,
    allowance: Allowance | None = None,
) -> SubmissionRecord:
    """The check is passed: enqueue ``cells`` (task, protocol, seed) for the checkpoint and wait for their jobs.

    The history says which ``commit`` was checked, where a branch or tag was handed in.

    Cells that were evaluated before, for whomever, are shared, and cost nothing. The others are charged to the account
    by the expected device ``minutes`` of each (:data:`~registry.queries.turns.UNKNOWN_MINUTES` where nobody knows).
    Raises :class:`~registry.errors.LeaseLostError`, and :class:`~registry.errors.QuotaExceededError` where the
    ``allowance`` does not suffice: let the transaction fail, then :func:`reject`.
    """
    before = rows.lock_check(session, public_id, check_attempt, owner)
    if before.training_data is not None:
        declare_new(session, checkpoint_id, before.created_us, named_data(before.training_data))
    account_id = rows.account_of(session, before.id)
    # In one order for everybody: PostgreSQL makes a second writer of the same job wait for the first.
    wanted = [jobs.Evaluation(checkpoint_id, *cell, (minutes or {}).get(cell)) for cell in sorted(cells)]
    found = jobs.enqueue_all(session, wanted, account_id=account_id)
    charges = {
        job_id: turns.counted(one.device_minutes) for one, (job_id, new) in zip(wanted, found, strict=True) if new
    }
    rows.link_jobs(session, before.id, {job_id: charges.get(job_id) for job_id, _ in found})
    if account_id is not None:
        quotas.charge(session, account_id, before.id, sum(charges.values()), allowance)
    now = now_us(session)
    if commit is not None and commit != before.revision:
        found_as = f"{before.revision} is commit {commit}"
        rows.add_transition(session, before.id, before.state, before.state, owner, now, detail=found_as)
    _write(session, before, submission_rules.accepted(before, checkpoint_id, now), owner)
    advance(session, owner)
    return rows.get_submission(session, public_id)


def reject(
    session: Session, public_id: str, check_attempt: int, owner: str, reason: str, detail: str | None = None
) -> SubmissionRecord:
    """The check found a reason to refuse. Raises :class:`~registry.errors.LeaseLostError`."""
    before = rows.lock_check(session, public_id, check_attempt, owner)
    return _write(session, before, submission_rules.rejected(before, reason, detail, now_us(session)), owner)


def fail_check(
    session: Session, public_id: str, check_attempt: int, owner: str, kind: FailureKind, detail: str
) -> SubmissionRecord:
    """The check itself broke; it is tried again if the kind allows. Raises :class:`~registry.errors.LeaseLostError`."""
    before = rows.lock_check(session, public_id, check_attempt, owner)
    return _write(session, before, submission_rules.check_failed(before, kind, detail, now_us(session)), owner)


def reap_checks(session: Session) -> int:
    """Return the submissions whose checkers fell silent; the number of them."""
    now = now_us(session)
    over = rows.expired_checks(session, now, CLOCK_TOLERANCE_US)
    for before in over:
        detail = f"Nothing was heard from {before.lease_owner} during check {before.check_attempt}."
        _write(session, before, submission_rules.check_failed(before, "timeout", detail, now), "queue")
    return len(over)


def advance(session: Session, actor: str = "queue", job_id: int | None = None) -> list[SubmissionRecord]:
    """Carry the states of jobs to the submissions that wait for them; returns those that changed.

    Call it when a job started or ended (with its ``job_id``), or now and then for all: it may be called at any time.
    """
    changed = []
    for before in rows.waiting_for(session, job_id):
        waiting = jobs_of_submission(session, before.id)
        after = submission_rules.advanced(before, waiting, now_us(session))
        if after != before:
            _refund(session, after)
            changed.append(_write(session, before, after, actor))
    return changed


def _refund(session: Session, after: SubmissionRecord) -> None:
    """At its end a submission gets back what failed by our fault."""
    account_id = rows.account_of(session, after.id)
    if after.state in ("done", "failed") and account_id is not None:
        quotas.refund(session, account_id, after.id)


def _write(session: Session, before: SubmissionRecord, after: SubmissionRecord, actor: str) -> SubmissionRecord:
    rows.write_submission(session, before, after, actor)
    if after.checkpoint_id is not None and (before.state, before.visibility) != (after.state, after.visibility):
        set_listed(session, after.checkpoint_id, rows.is_published(session, after.checkpoint_id))
    return after
