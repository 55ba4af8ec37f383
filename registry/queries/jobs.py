"""Rows of the job queue. What may happen to a job is decided in :mod:`registry.job_rules`."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from ..db.models import Checkpoint, Job, JobAttempt, Model, Protocol, Submission, SubmissionJob, Task
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
    "not_before_us", "delivered", "failure_kind", "failure_message", "finished_us",
)  # fmt: skip

# SQLite takes 32,766 parameters a statement.
_IDS_AT_A_TIME = 10_000


@dataclass(frozen=True)
class Fitting:
    """Which queued jobs a worker takes: those that wait to be scored only, or those that wait to be evaluated only.

    ``strangers_to`` are accounts: what they submitted, or what models they own, is left to others.
    """

    delivered: bool | None = None
    strangers_to: Collection[tuple[int, str]] = ()


def insert_job(
    session: Session,
    checkpoint_id: int,
    task: str,
    protocol: str,
    seed: int,
    *,
    max_attempts: int,
    turn: float,
    device_minutes: float | None,
    now: int,
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
        "turn": turn,
        "device_minutes": device_minutes,
        "delivered": False,
        "created_us": now,
    }
    # Kept until the end of this transaction: a withdrawal may take out what nobody waits for yet.
    kept = select(Job.id).filter_by(**key).with_for_update(read=True, key_share=True)
    while True:
        created = insert_or_ignore(session, Job, values)
        if (job_id := session.execute(kept).scalar_one_or_none()) is not None:
            return job_id, created


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


def next_queued(
    session: Session, now: int, horizon: int, *, oldest: bool = False, fitting: Fitting | None = None
) -> JobRecord | None:
    """The queued job whose turn it is and whose waiting time is over, locked; jobs that others claim are passed over.

    ``horizon`` is the longest waiting time there is: a job that waits for longer was made before the clock went back.
    With ``oldest`` it is the job that was asked for first.
    """
    waits = Job.not_before_us.between(now + 1, now + horizon)
    order = (Job.id,) if oldest else (Job.turn, Job.id)
    statement = _statement().where(Job.state == "queued", ~waits, *_conditions(fitting)).order_by(*order).limit(1)
    row = session.execute(statement.with_for_update(of=Job, skip_locked=True)).first()
    return None if row is None else JobRecord(**row._mapping)


def is_fitting(session: Session, job_id: int, fitting: Fitting) -> bool:
    """Whether a worker may take, or go on with, a job."""
    return session.execute(_statement().where(Job.id == job_id, *_conditions(fitting))).first() is not None


def held_by(session: Session, owner: str) -> JobRecord | None:
    """The job that ``owner`` holds, locked; None where it holds none."""
    statement = _statement().where(Job.state == "leased", Job.lease_owner == owner).order_by(Job.id).limit(1)
    row = session.execute(statement.with_for_update(of=Job)).first()
    return None if row is None else JobRecord(**row._mapping)


def _conditions(fitting: Fitting | None) -> list[Any]:
    if fitting is None:
        return []
    found: list[Any] = [] if fitting.delivered is None else [Job.delivered.is_(fitting.delivered)]
    if fitting.strangers_to:
        ids, names = zip(*fitting.strangers_to, strict=True)
        theirs = select(SubmissionJob.job_id).join(Submission, SubmissionJob.submission_id == Submission.id)
        found += [Job.id.not_in(theirs.where(Submission.account_id.in_(ids))), Model.owner.not_in(names)]
    return found


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
    return len(minutes_ahead(session, job_ids))


def minutes_ahead(session: Session, job_ids: Sequence[int]) -> list[float | None]:
    """The expected device minutes of each unfinished job before the first unfinished one of ``job_ids``."""
    unfinished = Job.state.in_(("queued", "leased"))
    mine = select(Job.turn, Job.id).where(Job.id.in_(job_ids), unfinished).order_by(Job.turn, Job.id).limit(1)
    first = session.execute(mine).first()
    if first is None:
        return []
    earlier = or_(Job.turn < first.turn, and_(Job.turn == first.turn, Job.id < first.id))
    return list(session.execute(select(Job.device_minutes).where(unfinished, earlier)).scalars())


def unfinished_minutes(session: Session) -> dict[int, float | None]:
    """The expected device minutes of every unfinished job, by its number, in the order of their turns."""
    statement = select(Job.id, Job.device_minutes).where(Job.state.in_(("queued", "leased")))
    return {row.id: row.device_minutes for row in session.execute(statement.order_by(Job.turn, Job.id))}


def jobs_waited_for(session: Session) -> dict[int, list[int]]:
    """The numbers of the unfinished jobs of each submission, by the number of the submission."""
    found: dict[int, list[int]] = defaultdict(list)
    statement = select(SubmissionJob.submission_id, SubmissionJob.job_id).join(Job, SubmissionJob.job_id == Job.id)
    for number, job_id in session.execute(statement.where(Job.state.in_(("queued", "leased")))):
        found[number].append(job_id)
    return found


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
