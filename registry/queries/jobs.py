"""Rows of the job queue. What may happen to a job is decided in :mod:`registry.job_rules`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from ..db.models import Checkpoint, Job, JobAttempt, Model, Protocol, SubmissionJob, Task
from ..db.session import mark_changed
from ..errors import LeaseLostError
from ..records import JobRecord
from ._common import id_of, insert_or_ignore, reference_of, unknown

_COLUMNS = [
    column for column in Job.__table__.columns if column.name not in ("task_id", "protocol_id", "checkpoint_id")
]
# What a transition may change.
_STATE = (
    "state", "attempt", "max_attempts", "batch_divisor", "lease_owner", "lease_expires_us", "heartbeat_us",
    "not_before_us", "failure_kind", "failure_message", "finished_us",
)  # fmt: skip

# SQLite takes 32,766 parameters a statement.
_IDS_AT_A_TIME = 10_000


def insert_job(
    session: Session, checkpoint_id: int, task: str, protocol: str, seed: int, *, max_attempts: int, now: int
) -> tuple[int, bool]:
    """Write a queued job unless it exists; returns (id, whether it is new)."""
    key = {
        "checkpoint_id": checkpoint_id,
        "task_id": id_of(session, Task, task),
        "protocol_id": id_of(session, Protocol, protocol),
        "seed": seed,
    }
    values = key | {
        "state": "queued",
        "attempt": 0,
        "max_attempts": max_attempts,
        "batch_divisor": 1,
        "not_before_us": 0,
        "created_us": now,
    }
    created = insert_or_ignore(session, Job, values)
    return session.execute(select(Job.id).filter_by(**key)).scalar_one(), created


def get_job(session: Session, job_id: int, *, lock: bool = False) -> JobRecord:
    """The job of a number; raises :class:`~registry.errors.UnknownRecordError`."""
    statement = _statement().where(Job.id == job_id)
    row = session.execute(statement.with_for_update(of=Job) if lock else statement).first()
    if row is None:
        raise unknown("job", str(job_id), [])
    return JobRecord(**row._mapping)


def lock_lease(session: Session, job_id: int, attempt: int, owner: str) -> JobRecord:
    """The job, locked, if this attempt of this owner holds its lease; else :class:`LeaseLostError`."""
    job = get_job(session, job_id, lock=True)
    if job.state != "leased" or job.attempt != attempt or job.lease_owner != owner:
        raise LeaseLostError(
            f"{owner} no longer holds attempt {attempt} of job {job_id}: the job is {job.state}, attempt {job.attempt}."
        )
    return job


def next_queued(session: Session, now: int, horizon: int) -> JobRecord | None:
    """The first queued job whose waiting time is over, locked; jobs that others are claiming are passed over.

    ``horizon`` is the longest waiting time there is: a job that waits for longer was made before the clock went back.
    """
    waits = Job.not_before_us.between(now + 1, now + horizon)
    statement = _statement().where(Job.state == "queued", ~waits).order_by(Job.id).limit(1)
    row = session.execute(statement.with_for_update(of=Job, skip_locked=True)).first()
    return None if row is None else JobRecord(**row._mapping)


def expired_leases(session: Session, now: int, tolerance: int) -> list[JobRecord]:
    """Leased jobs whose time is over, locked; also those with a heartbeat from the future (the clock went back)."""
    over = or_(Job.lease_expires_us <= now, Job.heartbeat_us > now + tolerance)
    statement = _statement().where(Job.state == "leased", over).order_by(Job.id)
    found = session.execute(statement.with_for_update(of=Job, skip_locked=True))
    return [JobRecord(**row._mapping) for row in found]


def leases(session: Session) -> list[JobRecord]:
    """Leased jobs, oldest first."""
    found = session.execute(_statement().where(Job.state == "leased").order_by(Job.id))
    return [JobRecord(**row._mapping) for row in found]


def write_job(session: Session, job: JobRecord) -> None:
    """Write the state of a job that this transaction has locked."""
    if job.state in ("done", "failed"):
        mark_changed(session)
    values = asdict(job)
    session.execute(update(Job).where(Job.id == job.id).values({name: values[name] for name in _STATE}))


def open_attempt(session: Session, job: JobRecord, now: int) -> None:
    """Write that a lease began."""
    session.add(JobAttempt(job_id=job.id, attempt=job.attempt, owner=job.lease_owner, started_us=now))
    session.flush()


def close_attempt(session: Session, job: JobRecord, outcome: str, now: int, **facts: Any) -> None:
    """Write how the lease of ``job.attempt`` ended; ``facts`` are failure_kind, failure_message, resources."""
    which = (JobAttempt.job_id == job.id) & (JobAttempt.attempt == job.attempt)
    session.execute(update(JobAttempt).where(which).values(outcome=outcome, ended_us=now, **facts))


def attempt_outcome(session: Session, job_id: int, attempt: int, owner: str) -> str | None:
    """How an attempt of this owner ended; None while it runs or when there was none."""
    statement = select(JobAttempt.outcome).filter_by(job_id=job_id, attempt=attempt, owner=owner)
    return session.execute(statement).scalar_one_or_none()


def jobs_of(session: Session, checkpoint_id: int) -> list[JobRecord]:
    """Every job of a checkpoint."""
    found = session.execute(_statement().where(Job.checkpoint_id == checkpoint_id).order_by(Job.id))
    return [JobRecord(**row._mapping) for row in found]


def jobs_of_submission(session: Session, submission_id: int) -> list[JobRecord]:
    """The jobs that a submission waits for."""
    statement = _statement().join(SubmissionJob, SubmissionJob.job_id == Job.id)
    found = session.execute(statement.where(SubmissionJob.submission_id == submission_id).order_by(Job.id))
    return [JobRecord(**row._mapping) for row in found]


def count_jobs(session: Session) -> dict[str, int]:
    """How many jobs are in each state (states without a job are left out)."""
    counted = session.execute(select(Job.state, func.count()).group_by(Job.state))
    return {row.state: row[1] for row in counted}


def count_unfinished(session: Session, job_ids: Sequence[int]) -> int:
    """How many of these jobs have neither succeeded nor failed for good."""
    total = 0
    for start in range(0, len(job_ids), _IDS_AT_A_TIME):
        some = Job.id.in_(job_ids[start : start + _IDS_AT_A_TIME])
        statement = select(func.count()).select_from(Job).where(some, Job.state.in_(("queued", "leased")))
        total += session.execute(statement).scalar_one()
    return total


def jobs_ahead(session: Session, job_ids: Sequence[int]) -> int:
    """How many unfinished jobs come before the first unfinished one of ``job_ids``; 0 when all have ended."""
    unfinished = Job.state.in_(("queued", "leased"))
    first = session.execute(select(func.min(Job.id)).where(Job.id.in_(job_ids), unfinished)).scalar()
    if first is None:
        return 0
    return session.execute(select(func.count()).select_from(Job).where(unfinished, Job.id < first)).scalar_one()


def _statement() -> Select[Any]:
    return (
        select(
            *_COLUMNS,
            Job.checkpoint_id,
            func.coalesce(Model.slug, Model.hub_id).label("model"),
            reference_of(Task).label("task"),
            reference_of(Protocol).label("protocol"),
        )
        .join(Checkpoint, Job.checkpoint_id == Checkpoint.id)
        .join(Model, Checkpoint.model_id == Model.id)
        .join(Task, Job.task_id == Task.id)
        .join(Protocol, Job.protocol_id == Protocol.id)
    )


def done_jobs(session: Session) -> list[JobRecord]:
    """Every job that has ended well, oldest first: all of history, former checkpoints included."""
    return [
        JobRecord(**row._mapping) for row in session.execute(_statement().where(Job.state == "done").order_by(Job.id))
    ]
