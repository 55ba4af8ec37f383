"""Whose turn it is in the queue: start-time fair queueing over device minutes.

Each job gets a turn when it is asked for: where its submitter's jobs so far end, or where the queue is, whichever is
later; it ends as many device minutes after that as it is expected to take. The queue is where the latest turn is that
was ever claimed. So whoever asks for much stands behind her own jobs and not in front of everybody else's. (Goyal, Vin
and Cheng, "Start-time fair queueing", SIGCOMM 1996.) Jobs that nobody submitted count as one submitter.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..db.models import Job, JobAttempt, Submission, SubmissionJob

# A job of which nothing is known counts as so many minutes.
UNKNOWN_MINUTES = 1.0
# So that nobody waits for ever behind newcomers, every fourth claim takes the job that was asked for first.
OLDEST_EVERY = 4

_ENDS = Job.turn + func.coalesce(Job.device_minutes, UNKNOWN_MINUTES)


def counted(minutes: float | None) -> float:
    """What a job counts as."""
    return UNKNOWN_MINUTES if minutes is None else minutes


def next_turn(session: Session, account_id: int | None) -> float:
    """Where the next job of a submitter stands."""
    here = select(func.max(Job.turn)).where(Job.attempt > 0)
    theirs = select(SubmissionJob.job_id).join(Submission, SubmissionJob.submission_id == Submission.id)
    if account_id is None:
        somebodys = theirs.where(Submission.account_id.is_not(None))
        own = select(func.max(_ENDS)).where(Job.id.not_in(somebodys))
    else:
        brought = theirs.where(Submission.account_id == account_id, SubmissionJob.device_minutes.is_not(None))
        own = select(func.max(_ENDS)).where(Job.id.in_(brought))
    return max(float(session.execute(statement).scalar() or 0.0) for statement in (here, own))


def is_turn_of_oldest(session: Session) -> bool:
    """Whether the next claim takes the job that was asked for first, whatever its turn."""
    claims: int = session.execute(select(func.coalesce(func.max(JobAttempt.id), 0))).scalar_one()
    return claims % OLDEST_EVERY == OLDEST_EVERY - 1
