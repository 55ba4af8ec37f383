"""Where submissions stand in the queue, and when their turn comes, as far as anybody can know."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from .queries import submissions as rows
from .queries.jobs import jobs_of_submission, jobs_waited_for, minutes_ahead, unfinished_minutes
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
        return _of_check(ahead, count_workers(session))
    if submission.state not in ("queued", "running"):
        return None
    left = [job for job in jobs_of_submission(session, submission.id) if job.state in ("queued", "leased")]
    before, own = minutes_ahead(session, [job.id for job in left]), [job.device_minutes for job in left]
    return _of_jobs(before, own, count_workers(session))


def positions(session: Session) -> dict[str, Position]:
    """Of every submission that has one, by its public id, oldest first: the same as :func:`position`, asked at once."""
    workers, minutes = count_workers(session), unfinished_minutes(session)
    order = {job_id: place for place, job_id in enumerate(minutes)}
    in_turn, waited_for = list(minutes.values()), jobs_waited_for(session)
    found, checks = {}, 0
    for one in reversed(rows.list_submissions(session, unfinished=True)):
        if one.state in ("received", "checking"):
            found[one.public_id] = _of_check(checks if one.state == "received" else 0, workers)
            checks += 1
        elif one.state in ("queued", "running"):
            places = sorted(order[job_id] for job_id in waited_for.get(one.id, ()) if job_id in order)
            before = in_turn[: places[0]] if places else []
            found[one.public_id] = _of_jobs(before, [in_turn[place] for place in places], workers)
    return found


def _of_check(ahead: int, workers: int) -> Position:
    return Position(ahead, 0, 0, workers, None, None, guessed=False)


def _of_jobs(before: Sequence[float | None], own: Sequence[float | None], workers: int) -> Position:
    """From the expected minutes of the jobs before its first one, and of its own."""
    start = end = None
    if workers:
        start = sum(map(counted, before)) / workers
        end = start + sum(map(counted, own)) / min(workers, max(1, len(own)))
    return Position(0, len(before), len(own), workers, start, end, guessed=None in before or None in own)
