"""A thread that keeps a lease alive while its job runs."""

import threading
from types import TracebackType

from sqlalchemy import Engine

from registry import jobs
from registry.db.session import session_scope
from registry.errors import CatalogueError, LeaseLostError
from registry.records import JobRecord


class Heartbeat:
    """``with Heartbeat(engine, job, lease_seconds): work()`` prolongs the lease three times per lease.

    A busy database is tried again at the next beat. When the lease is lost the thread ends; the work goes on, and its
    results are refused by the fence of :func:`registry.jobs.finish`.
    """

    def __init__(self, engine: Engine, job: JobRecord, lease_seconds: float) -> None:
        self._engine = engine
        self._job = job
        self._lease_seconds = lease_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat of job {job.id}", daemon=True)

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
                with session_scope(self._engine, write=True) as session:
                    jobs.heartbeat(
                        session, self._job.id, self._job.attempt, self._job.lease_owner or "", self._lease_seconds
                    )
            except LeaseLostError:
                return
            except CatalogueError:
                continue
