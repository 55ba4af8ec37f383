"""The queue as a worker sees it: the catalogue's own tables, or a server that has them."""

from functools import partial
from typing import Protocol, runtime_checkable

from sqlalchemy import Engine

from registry import jobs, queries, submissions
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import CatalogueError, LeaseLostError
from registry.queries.deliveries import newest_delivery
from registry.queries.jobs import Fitting
from registry.queries.workers import forget_worker, worker_heard
from registry.records import JobRecord
from registry.settings import Settings
from zoo.core.console import say

from .deliveries import RefusedDeliveryError, score_delivery
from .failures import Failure
from .heartbeat import Heartbeat, heartbeat_of_job
from .job import job_of
from .numerics import Numerics
from .owners import is_gone, this_owner
from .patience import patiently
from .provenance import device
from .receipt_files import keep_receipts, own_key
from .results import Outcome
from .run_job import run_job
from .sources import Source


@runtime_checkable
class Queue(Protocol):
    """What the one loop (:mod:`benchmark.drain`) needs; all but :meth:`run` may be repeated after a lost answer."""

    def claim(self) -> JobRecord | None:
        """A job under a lease, or None."""
        ...

    def heartbeat(self, record: JobRecord) -> Heartbeat:
        """Keeps the lease while the block lasts."""
        ...

    def run(self, record: JobRecord) -> bool:
        """Do the work and hand it in; False where a delivery was refused, and the job is queued again.

        Raises :class:`~registry.errors.LeaseLostError`, and whatever the work raises.
        """
        ...

    def fail(self, record: JobRecord, failure: Failure) -> str:
        """End the attempt; the state of the job after that. Raises :class:`~registry.errors.LeaseLostError`."""
        ...

    def release(self, record: JobRecord) -> None:
        """Give the job back unharmed. Raises :class:`~registry.errors.LeaseLostError`."""
        ...

    def finished(self, job_ids: tuple[int, ...] | None) -> bool:
        """Whether all of these have ended; never for None."""
        ...

    def idle(self) -> bool:
        """Whether nothing is queued or leased."""
        ...

    def leave(self) -> None:
        """This worker has ended."""
        ...


class CatalogueQueue:
    """The queue in the catalogue; ``evaluate`` False leaves evaluations to others and scores what they delivered.

    Where this home has a key, a signed receipt of each evaluation that was done is kept there; raises
    :class:`~registry.errors.SigningKeyError` for a key that cannot be used.
    """

    def __init__(
        self, engine: Engine, settings: Settings, source: Source, lease_seconds: float, *, evaluate: bool = True
    ) -> None:
        self._engine, self._settings, self._source = engine, settings, source
        self._blobs, self._key = BlobStore(settings.blobs), own_key(settings)
        self._lease_seconds = lease_seconds
        self._fitting = None if evaluate else Fitting(delivered=True)
        with session_scope(engine, write=True) as session:
            jobs.reap(session, is_gone)

    def claim(self) -> JobRecord | None:
        """See :class:`Queue`."""
        with session_scope(self._engine, write=True) as session:
            worker_heard(session, this_owner(), device(Numerics.of_environment().device))
            job = jobs.claim(session, this_owner(), self._lease_seconds, self._fitting)
            if job is not None:
                submissions.advance(session, this_owner(), job.id)
            return job

    def heartbeat(self, record: JobRecord) -> Heartbeat:
        """See :class:`Queue`."""
        return heartbeat_of_job(self._engine, record, self._lease_seconds)

    def run(self, record: JobRecord) -> bool:
        """See :class:`Queue`."""
        if record.delivered:
            return self._score(record)
        outcome = run_job(job_of(record), self._source(record.checkpoint_id), self._blobs)
        patiently(partial(self._finish, record, outcome))
        self._keep_receipt(record.id)
        return True

    def fail(self, record: JobRecord, failure: Failure) -> str:
        """See :class:`Queue`."""
        with session_scope(self._engine, write=True) as session:
            return jobs.fail(session, *fence_of(record), failure.kind, failure.message).state

    def release(self, record: JobRecord) -> None:
        """See :class:`Queue`."""
        with session_scope(self._engine, write=True) as session:
            jobs.release(session, *fence_of(record))

    def finished(self, job_ids: tuple[int, ...] | None) -> bool:
        """See :class:`Queue`."""
        if job_ids is None:
            return False
        with session_scope(self._engine) as session:
            return queries.count_unfinished(session, job_ids) == 0

    def idle(self) -> bool:
        """See :class:`Queue`."""
        with session_scope(self._engine) as session:
            counted = queries.count_jobs(session)
        return not (counted.get("queued") or counted.get("leased"))

    def leave(self) -> None:
        """See :class:`Queue`. A catalogue that is away forgets by itself."""
        try:
            with session_scope(self._engine, write=True) as session:
                forget_worker(session, this_owner())
        except CatalogueError:
            return

    def _score(self, record: JobRecord) -> bool:
        with session_scope(self._engine) as session:
            delivery = newest_delivery(session, record.id)
        try:
            if delivery is None:
                raise RefusedDeliveryError("Nothing was kept of what was delivered.")
            outcome = score_delivery(job_of(record), delivery, self._blobs)
        except RefusedDeliveryError as error:
            say(f"A delivery of job {record.id} is refused: {error.message}")
            patiently(partial(self._refuse, record, error.message))
            return False
        patiently(partial(self._finish, record, outcome))
        self._keep_receipt(record.id)
        return True

    def _keep_receipt(self, job_id: int) -> None:
        """It can be made again at any time, so that a full disk stops no evaluation."""
        if self._key is None:
            return
        try:
            patiently(partial(keep_receipts, self._engine, self._settings, self._key, [job_id]))
        except OSError as error:
            say(f"The receipt of job {job_id} could not be written: {error}. Again: prunarium benchmark receipt MODEL")

    def _finish(self, record: JobRecord, outcome: Outcome) -> None:
        # May be called again after an answer that was lost: one attempt delivers once.
        with session_scope(self._engine, write=True) as session:
            jobs.finish(session, *fence_of(record), outcome.results, outcome.predictions, outcome.resources)

    def _refuse(self, record: JobRecord, message: str) -> None:
        with session_scope(self._engine, write=True) as session:
            jobs.refuse(session, *fence_of(record), message)


def fence_of(record: JobRecord) -> tuple[int, int, str]:
    """What every write about a leased job is fenced by. Raises :class:`~registry.errors.LeaseLostError` without one."""
    if record.lease_owner is None:
        raise LeaseLostError(f"Job {record.id} is not leased.")
    return record.id, record.attempt, record.lease_owner
