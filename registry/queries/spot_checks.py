"""Submissions whose numbers rest on their authors' predictions alone."""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from ..db.models import Result, Submission, SubmissionJob, Transition
from ..records import SubmissionRecord
from .submissions import get_submission


def next_unchecked(session: Session, begun: str, ended: str, attempts: int, since_us: int) -> SubmissionRecord | None:
    """The oldest finished one that no spot check ended of, locked; those that somebody is at are passed over.

    ``begun`` and ``ended`` are the reasons of the steps in its history; nobody is at it whose step is older than
    ``since_us``. Not one that is doubted already, nor one with ``attempts`` behind it.
    """
    steps = select(func.count()).select_from(Transition).where(Transition.submission_id == Submission.id)
    of_begun = steps.where(Transition.reason == begun)
    rescored = exists().where(
        SubmissionJob.submission_id == Submission.id,
        Result.job_id == SubmissionJob.job_id,
        Result.trust == "rescored",
        Result.superseded_by.is_(None),
    )
    statement = (
        select(Submission.public_id)
        .where(Submission.kind == "predictions", Submission.state == "done", Submission.flagged.is_(None), rescored)
        .where(steps.where(Transition.reason == ended).scalar_subquery() == 0)
        .where(of_begun.scalar_subquery() < attempts)
        .where(of_begun.where(Transition.at_us > since_us).scalar_subquery() == 0)
        .order_by(Submission.id)
        .limit(1)
    )
    found = session.execute(statement.with_for_update(of=Submission, skip_locked=True)).scalar_one_or_none()
    return None if found is None else get_submission(session, found)
