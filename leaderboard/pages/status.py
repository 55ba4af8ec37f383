"""What is waiting, running and done: public, so that nobody wonders whether anything is alive."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry import queries
from registry.db.session import now_us, session_scope
from registry.positions import Position, positions
from registry.queries.jobs import leases
from registry.queries.overview import count_submissions
from registry.queries.predictions import is_shown_job
from registry.queries.submissions import list_submissions
from registry.queries.workers import WorkerRecord, workers_alive
from registry.records import JobRecord, SubmissionRecord

from .. import submission_access
from ..context import PageContext
from ..visitors import MaybeVisitor
from ..web import render

router = APIRouter()

JOB_STATES = {"queued": "waiting", "leased": "running", "done": "done", "failed": "failed"}


@dataclass(frozen=True, kw_only=True)
class RunningJob:
    """A leased job, how long ago its worker was heard of, and whether the lease is over.

    ``shown``: whether everybody may know which model it is of.
    """

    job: JobRecord
    heard_seconds: int | None
    expired: bool
    shown: bool


@dataclass(frozen=True, kw_only=True)
class WaitingSubmission:
    """A submission before its end, and where it stands. ``shown``: whether the visitor may know which one it is."""

    submission: SubmissionRecord
    position: Position
    shown: bool


@dataclass(frozen=True, kw_only=True)
class WorkerLine:
    """A worker that was heard of lately; ``account`` is that of a machine without the database."""

    device: str | None
    account: str | None
    heard_seconds: int


@dataclass(frozen=True, kw_only=True)
class StatusContext(PageContext):
    """Counts of jobs by state in words, of submissions by state; the workers, every running job, and what waits."""

    template: ClassVar[str] = "status.html"

    jobs: dict[str, int]
    submissions: dict[str, int]
    running: list[RunningJob]
    workers: list[WorkerLine]
    waiting: list[WaitingSubmission]


@router.get("/status")
def show(request: Request, visitor: MaybeVisitor) -> Response:
    """The queue as of now."""
    reader = visitor.access if visitor else None
    with session_scope(request.app.state.engine) as session:
        counted = queries.count_jobs(session)
        now = now_us(session)
        running = [_running(job, now, shown=is_shown_job(session, job.id)) for job in leases(session)]
        workers = [_worker(one, now) for one in workers_alive(session)]
        places = positions(session)
        waiting = [
            WaitingSubmission(
                submission=one, position=places[one.public_id], shown=submission_access.may_do(reader, one, "see")
            )
            for one in reversed(list_submissions(session, unfinished=True))
            if one.public_id in places
        ]
        submissions = {str(state): count for state, count in count_submissions(session).items()}
    jobs = {words: counted.get(state, 0) for state, words in JOB_STATES.items()}
    context = StatusContext(
        title="Queue",
        here="status",
        jobs=jobs,
        submissions=submissions,
        running=running,
        workers=workers,
        waiting=waiting,
    )
    return render(request, context)


def _worker(one: WorkerRecord, now: int) -> WorkerLine:
    return WorkerLine(device=one.device, account=one.account, heard_seconds=max(0, now - one.seen_us) // 1_000_000)


def _running(job: JobRecord, now: int, *, shown: bool) -> RunningJob:
    heard = None if job.heartbeat_us is None else max(0, now - job.heartbeat_us) // 1_000_000
    return RunningJob(job=job, heard_seconds=heard, expired=(job.lease_expires_us or 0) <= now, shown=shown)
