"""A thread that keeps a lease alive while the work under it runs."""

import threading
from collections.abc import Callable
from types import TracebackType

from sqlalchemy import Engine

from registry import jobs, submissions
from registry.db.session import session_scope
from registry.errors import AccessError, CatalogueError, LeaseLostError, ServerError
from registry.queries.workers import worker_heard
from registry.records import JobRecord, SubmissionRecord


class Heartbeat:
    """``with heartbeat_of_job(engine, job, lease_seconds): work()`` prolongs the lease three times per lease.

    A busy database, or a server that is away, is tried again at the next beat. When the lease is lost the thread ends;
    the work goes on, and what it delivers is refused by the fence of the lease. ``beat`` makes one beat.
    """

    def __init__(self, beat: Callable[[], object], lease_seconds: float, name: str) -> None:
        self._beat_once = beat
        self._lease_seconds = lease_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat of {name}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._lease_seconds / 3):
            try:
                self._beat_once()
            except (LeaseLostError, AccessError):
                return
            except (CatalogueError, ServerError):
                continue


def heartbeat_of_job(engine: Engine, job: JobRecord, lease_seconds: float) -> Heartbeat:
    """The heartbeat of a job whose results :func:`registry.jobs.finish` takes."""

    def beat() -> None:
        with session_scope(engine, write=True) as session:
            jobs.heartbeat(session, job.id, job.attempt, job.lease_owner or "", lease_seconds)
            worker_heard(session, job.lease_owner or "")

    return Heartbeat(beat, lease_seconds, f"job {job.id}")


def heartbeat_of_check(engine: Engine, submission: SubmissionRecord, lease_seconds: float) -> Heartbeat:
    """The heartbeat of a check that ends in :func:`registry.submissions.accept` or one of its siblings."""

    fence = (submission.public_id, submission.check_attempt, submission.lease_owner or "")

    def beat() -> None:
        with session_scope(engine, write=True) as session:
            submissions.heartbeat_check(session, *fence, lease_seconds)
            worker_heard(session, fence[2])

    return Heartbeat(beat, lease_seconds, f"the check of submission {submission.public_id}")
