"""The one queue of work, with leases.

A worker claims a job, sends heartbeats while it works, and finishes or fails it. Results are written in the transaction
that ends the job, and every write is fenced by (job, attempt, owner): a worker whose lease went to somebody else gets
:class:`~registry.errors.LeaseLostError` and drops its work. So a crash, a lost heartbeat, a clock that steps, a late or
a doubled delivery neither loses a job nor writes a result twice.

Call each function in a session of its own with ``write=True`` and let it commit before the work goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from . import job_rules
from .db.session import now_us
from .queries import jobs as rows
from .queries import turns
from .queries.predictions import add_predictions
from .queries.result_writing import add_results
from .records import FailureKind, JobRecord, PredictionRecord, ResultRecord

DEFAULT_LEASE_SECONDS = 60.0
# A message goes to public pages: enough to recognise the failure, never a whole log.
_MESSAGE_LENGTH = 500


class Evaluation(NamedTuple):
    """What makes a job the same job for ever, and what it is expected to take (None where nobody knows)."""

    checkpoint_id: int
    task: str
    protocol: str
    seed: int
    device_minutes: float | None = None


def enqueue(
    session: Session,
    checkpoint_id: int,
    task: str,
    protocol: str,
    seed: int,
    *,
    max_attempts: int = job_rules.MAX_ATTEMPTS,
) -> tuple[int, bool]:
    """Ask for one evaluation; returns (job id, whether it is new).

    The same checkpoint, task, protocol and seed is one job in all history, whatever became of it. Raises
    :class:`~registry.errors.UnknownRecordError` for a task or protocol that the catalogue does not have.
    """
    wanted = Evaluation(checkpoint_id, task, protocol, seed)
    return enqueue_all(session, [wanted], max_attempts=max_attempts)[0]


def enqueue_all(
    session: Session,
    wanted: Iterable[Evaluation],
    *,
    account_id: int | None = None,
    max_attempts: int = job_rules.MAX_ATTEMPTS,
) -> list[tuple[int, bool]]:
    """Ask for many, of one submitter (None: whoever runs the queue), each as :func:`enqueue` does, in their order."""
    now, turn, found = now_us(session), turns.next_turn(session, account_id), []
    for one in wanted:
        job_id, is_new = rows.insert_job(
            session,
            one.checkpoint_id,
            one.task,
            one.protocol,
            one.seed,
            max_attempts=max_attempts,
            turn=turn,
            device_minutes=one.device_minutes,
            now=now,
        )
        if is_new:
            turn += turns.counted(one.device_minutes)
        found.append((job_id, is_new))
    return found


def claim(
    session: Session, owner: str, lease_seconds: float = DEFAULT_LEASE_SECONDS, fitting: rows.Fitting | None = None
) -> JobRecord | None:
    """Lease the job whose turn it is (:mod:`registry.queries.turns`); None when there is none that may run now.

    ``owner`` names one worker process (host, process, start time), never two. Expired leases are returned first, so
    that a queue with one live worker never hangs.
    """
    reap(session)
    now = now_us(session)
    oldest = turns.is_turn_of_oldest(session)
    job = rows.next_queued(session, now, job_rules.MAX_DELAY_US, oldest=oldest, fitting=fitting)
    if job is None:
        return None
    leased = job_rules.claimed(job, owner, now, _microseconds(lease_seconds))
    rows.write_job(session, leased)
    rows.open_attempt(session, leased, now)
    return leased


def heartbeat(
    session: Session, job_id: int, attempt: int, owner: str, lease_seconds: float = DEFAULT_LEASE_SECONDS
) -> JobRecord:
    """Prolong a lease; raises :class:`~registry.errors.LeaseLostError` when it went to somebody else."""
    job = rows.lock_lease(session, job_id, attempt, owner)
    kept = job_rules.beaten(job, now_us(session), _microseconds(lease_seconds))
    rows.write_job(session, kept)
    return kept


def finish(
    session: Session,
    job_id: int,
    attempt: int,
    owner: str,
    results: Sequence[ResultRecord],
    predictions: Sequence[PredictionRecord] = (),
    resources: Mapping[str, Any] | None = None,
) -> bool:
    """Write what was measured and end the job, all or nothing.

    Returns False, and writes nothing, when this very attempt delivered before (its answer was lost on the way). Raises
    :class:`~registry.errors.LeaseLostError` when the lease went to somebody else.
    """
    if rows.attempt_outcome(session, job_id, attempt, owner) == "done":
        return False
    job = rows.lock_lease(session, job_id, attempt, owner)
    now = now_us(session)
    add_results(session, job_id, attempt, owner, results)
    add_predictions(session, job_id, attempt, owner, predictions)
    rows.close_attempt(session, job, "done", now, resources=dict(resources or {}))
    rows.write_job(session, job_rules.finished(job, now))
    return True


def deliver(
    session: Session,
    job_id: int,
    owner: str,
    results: Sequence[ResultRecord],
    predictions: Sequence[PredictionRecord],
) -> bool:
    """End a job with what somebody else predicted; False, and nothing is written, where it runs or has been done."""
    job = rows.get_job(session, job_id, lock=True)
    if job.state == "failed":
        job = job_rules.retried(job)
    if job.state != "queued":
        return False
    now = now_us(session)
    leased = job_rules.claimed(job, owner, now, _microseconds(DEFAULT_LEASE_SECONDS))
    rows.write_job(session, leased)
    rows.open_attempt(session, leased, now)
    return finish(session, job_id, leased.attempt, owner, results, predictions)


def fail(session: Session, job_id: int, attempt: int, owner: str, kind: FailureKind, message: str) -> JobRecord:
    """End an attempt that failed; returns the job, queued again or failed, as ``kind`` decides.

    Raises :class:`~registry.errors.LeaseLostError` when the lease went to somebody else.
    """
    job = rows.lock_lease(session, job_id, attempt, owner)
    now, message = now_us(session), message[:_MESSAGE_LENGTH]
    after = job_rules.failed(job, kind, message, now)
    rows.close_attempt(session, job, "failed", now, failure_kind=kind, failure_message=message)
    rows.write_job(session, after)
    return after


def release(session: Session, job_id: int, attempt: int, owner: str) -> None:
    """Give a job back unharmed, for a worker that was told to stop; the attempt does not count.

    Raises :class:`~registry.errors.LeaseLostError`.
    """
    job = rows.lock_lease(session, job_id, attempt, owner)
    rows.close_attempt(session, job, "released", now_us(session))
    rows.write_job(session, job_rules.released(job))


def hand_over(session: Session, job_id: int, attempt: int, owner: str, resources: Mapping[str, Any]) -> None:
    """The worker has sent what it found: its attempt is done, and the job waits to be scored (:mod:`registry.work`).

    Raises :class:`~registry.errors.LeaseLostError`.
    """
    job = rows.lock_lease(session, job_id, attempt, owner)
    after = job_rules.delivered(job)
    rows.close_attempt(session, job, "done", now_us(session), resources=dict(resources))
    rows.write_job(session, after)


def refuse(session: Session, job_id: int, attempt: int, owner: str, message: str) -> JobRecord:
    """What was delivered is not what it says it is: drop it; returns the job, queued again or failed.

    Raises :class:`~registry.errors.LeaseLostError`.
    """
    job = rows.lock_lease(session, job_id, attempt, owner)
    now, message = now_us(session), message[:_MESSAGE_LENGTH]
    rows.close_attempt(session, job, "failed", now, failure_kind="transient", failure_message=message)
    after = job_rules.refused(job, message, now)
    rows.write_job(session, after)
    return after


def reap(session: Session, is_dead: Callable[[str], bool] | None = None) -> int:
    """Return the jobs whose leases have expired; the number of them.

    ``is_dead(owner)`` may declare owners dead before that, such as processes of this machine that no longer run.
    """
    now = now_us(session)
    over = rows.expired_leases(session, now, job_rules.CLOCK_TOLERANCE_US)
    if is_dead is not None:
        known = {job.id for job in over}
        dead = [job.id for job in rows.leases(session) if job.id not in known and is_dead(job.lease_owner or "")]
        locked = [rows.get_job(session, job_id, lock=True) for job_id in dead]
        over += [job for job in locked if job.state == "leased" and is_dead(job.lease_owner or "")]
    for job in over:
        after = job_rules.expired(job, now)
        rows.close_attempt(
            session, job, "expired", now, failure_kind=after.failure_kind, failure_message=after.failure_message
        )
        rows.write_job(session, after)
    return len(over)


def retry(session: Session, job_id: int) -> JobRecord:
    """Queue a failed job again, with new attempts; raises :class:`~registry.errors.TransitionError` otherwise."""
    after = job_rules.retried(rows.get_job(session, job_id, lock=True))
    rows.write_job(session, after)
    return after


def _microseconds(seconds: float) -> int:
    return int(seconds * job_rules.SECOND_US)
