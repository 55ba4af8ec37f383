"""What leaves the queue with a submission that is taken back."""

from dataclasses import dataclass

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.orm import Session, aliased

from ..db.models import Checkpoint, Job, JobAttempt, Model, Submission, SubmissionJob
from .submissions import UNFINISHED


@dataclass(frozen=True)
class Paid:
    """What a submission was charged for a job that is not done."""

    account_id: int | None
    submission_id: int
    minutes: float


def take_out(session: Session, submission_id: int) -> list[Paid]:
    """Remove the jobs that no worker ever began and nobody else waits for; returns who had paid for them.

    Others are submissions that have not ended: of the same evaluation, or of a model whose dense parent it is of. What
    whoever runs the queue asked for himself stays, too.
    """
    ids = list(session.execute(_unwanted(submission_id)).scalars())
    paid = select(Submission.account_id, Submission.id, SubmissionJob.device_minutes).join(
        Submission, SubmissionJob.submission_id == Submission.id
    )
    charged = paid.where(SubmissionJob.job_id.in_(ids), SubmissionJob.device_minutes.is_not(None))
    found = [Paid(account, number, minutes or 0.0) for account, number, minutes in session.execute(charged)]
    session.execute(delete(SubmissionJob).where(SubmissionJob.job_id.in_(ids)))
    session.execute(delete(Job).where(Job.id.in_(ids)))
    return found


def _unwanted(submission_id: int) -> Select[int]:
    mine, link, other, child = SubmissionJob, aliased(SubmissionJob), aliased(Submission), aliased(Model)
    brought = exists().where(link.job_id == Job.id, link.device_minutes.is_not(None))
    waits = other.state.in_(UNFINISHED) & (other.id != submission_id)
    shared = exists().where(link.job_id == Job.id, link.submission_id == other.id, waits)
    of_child = (
        select(other.id)
        .join(Checkpoint, other.checkpoint_id == Checkpoint.id)
        .join(child, Checkpoint.model_id == child.id)
        .where(waits, child.parent_id == Model.id)
        .exists()
    )
    return (
        select(Job.id)
        .join(mine, mine.job_id == Job.id)
        .join(Checkpoint, Job.checkpoint_id == Checkpoint.id)
        .join(Model, Checkpoint.model_id == Model.id)
        .where(mine.submission_id == submission_id, Job.state == "queued")
        .where(~exists().where(JobAttempt.job_id == Job.id), brought, ~shared, ~of_child.correlate(Model))
        # A job that somebody is claiming, or asking for, is passed over: it has begun, or is wanted.
        .with_for_update(of=Job, skip_locked=True)
    )
