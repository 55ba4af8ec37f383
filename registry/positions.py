"""Where a submission stands in the queue, and when its turn comes, as far as anybody can know."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from .queries import submissions as rows
from .queries.jobs import jobs_of_submission, minutes_ahead
from .queries.turns import counted
from .queries.workers import count_workers


@dataclass(frozen=True)
class Position:
    """``checks_ahead`` submissions are checked before it, ``jobs_ahead`` jobs of others run before its first one left.

    ``minutes_to_start`` and ``minutes_to_end`` are device minutes shared out among the ``workers`` that were heard of
    lately; None where no worker is there, or before the check, when nobody knows its jobs. ``guessed``: of some of
    these jobs nothing was measured, and each counts as a minute. Newcomers may still be served before it.
    """

    checks_ahead: int
    jobs_ahead: int
    jobs_left: int
    workers: int
    minutes_to_start: float | None
    minutes_to_end: float | None
    guessed: bool


def position(session: Session, public_id: str) -> Position | None:
    """Of a submission; None for a draft and after its end. Raises :class:`~registry.errors.UnknownRecordError`."""
    submission = rows.get_submission(session, public_id)
    if submission.state in ("received", "checking"):
        ahead = rows.checks_ahead(session, submission.id) if submission.state == "received" else 0
        return Position(ahead, 0, 0, count_workers(session), None, None, guessed=False)
    if submission.state not in ("queued", "running"):
        return None
    left = [job for job in jobs_of_submission(session, submission.id) if job.state in ("queued", "leased")]
    before, own = minutes_ahead(session, [job.id for job in left]), [job.device_minutes for job in left]
    workers = count_workers(session)
    start = end = None
    if workers:
        start = sum(map(counted, before)) / workers
        end = start + sum(map(counted, own)) / min(workers, max(1, len(own)))
    return Position(0, len(before), len(left), workers, start, end, guessed=None in before or None in own)
