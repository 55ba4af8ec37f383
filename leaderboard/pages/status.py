"""What is waiting, running and done: public, so that nobody wonders whether anything is alive."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry import queries
from registry.db.session import now_us, session_scope
from registry.queries.jobs import leases
from registry.queries.overview import count_submissions
from registry.queries.predictions import is_shown_job
from registry.records import JobRecord

from ..context import PageContext
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
class StatusContext(PageContext):
    """Counts of jobs by state in words, of submissions by state, and every running job."""

    template: ClassVar[str] = "status.html"

    jobs: dict[str, int]
    submissions: dict[str, int]
    running: list[RunningJob]


@router.get("/status")
def show(request: Request) -> Response:
    """The queue as of now."""
    with session_scope(request.app.state.engine) as session:
        counted = queries.count_jobs(session)
        now = now_us(session)
        running = [_running(job, now, shown=is_shown_job(session, job.id)) for job in leases(session)]
        submissions = {str(state): count for state, count in count_submissions(session).items()}
    jobs = {words: counted.get(state, 0) for state, words in JOB_STATES.items()}
    return render(
        request, StatusContext(title="Queue", here="status", jobs=jobs, submissions=submissions, running=running)
    )


def _running(job: JobRecord, now: int, *, shown: bool) -> RunningJob:
    heard = None if job.heartbeat_us is None else max(0, now - job.heartbeat_us) // 1_000_000
    return RunningJob(job=job, heard_seconds=heard, expired=(job.lease_expires_us or 0) <= now, shown=shown)
