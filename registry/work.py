"""The queue for workers without the database: what a server does for the holder of a token with the scope ``work``.

A worker asks for a job, sends heartbeats, uploads the files of its predictions and then one document that names them.
Whatever it repeats because an answer was lost gets the same answer. Every call is fenced by (job, attempt, owner), and
the owner begins with the token's account, so that no token can speak for another one. What was delivered waits until a
worker of the server has computed the metrics from the predictions: only then there are results.

The document of a delivery::

    {"predictions": [{condition, blob_sha256, array_hash, size_bytes, n, sparsity_before, sparsity_after}, ...],
     "results": [{metric, condition, value, missing_reason, n, ...}, ...],    what the worker found, to compare with
     "provenance": {...}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from . import jobs, queries, submissions
from .accounts import Access
from .errors import LeaseLostError
from .queries import deliveries
from .queries import jobs as rows
from .queries.workers import worker_heard
from .records import FailureKind, JobRecord, RevisionRecord

Taken = Literal["new", "known", "refused"]


@dataclass(frozen=True)
class Offer:
    """A leased job, the identity that its checkpoint must have, and where its files are."""

    job: JobRecord
    densified_hash: str
    architecture: str
    preprocessing_hash: str
    revisions: tuple[RevisionRecord, ...]


@dataclass(frozen=True)
class Fence:
    """Which attempt of which job a worker called ``name`` speaks of, and by whose token."""

    access: Access
    name: str
    job_id: int
    attempt: int

    @property
    def owner(self) -> str:
        """As the lease names it."""
        return owner_of(self.access, self.name)


def owner_of(access: Access, name: str) -> str:
    """The owner of the leases of a worker: never that of a process on this machine, nor of another token's account."""
    return f"token:{access.account}/{name}"


def offer(
    session: Session, access: Access, name: str, device: str | None, lease_seconds: float = jobs.DEFAULT_LEASE_SECONDS
) -> Offer | None:
    """A job for the worker, the one that it holds already if it does; None where there is none for it.

    A worker never gets what its account or its operator submitted, or owns.
    """
    owner, fitting = owner_of(access, name), _fitting(session, access)
    worker_heard(session, owner, device, access.account_id)
    held = rows.held_by(session, owner)
    if held is not None and not rows.is_fitting(session, held.id, fitting):
        jobs.release(session, held.id, held.attempt, owner)
        held = None
    if held is not None:
        return _offered(session, jobs.heartbeat(session, held.id, held.attempt, owner, lease_seconds))
    job = jobs.claim(session, owner, lease_seconds, fitting)
    if job is None:
        return None
    submissions.advance(session, owner, job.id)
    return _offered(session, job)


def beat(session: Session, fence: Fence, lease_seconds: float = jobs.DEFAULT_LEASE_SECONDS) -> None:
    """Prolong a lease. Raises :class:`~registry.errors.LeaseLostError`."""
    worker_heard(session, fence.owner, None, fence.access.account_id)
    jobs.heartbeat(session, fence.job_id, fence.attempt, fence.owner, lease_seconds)


def require_lease(session: Session, fence: Fence) -> None:
    """Raise :class:`~registry.errors.LeaseLostError` before anything large is taken in."""
    rows.lock_lease(session, fence.job_id, fence.attempt, fence.owner)


def fail(session: Session, fence: Fence, kind: FailureKind, message: str) -> JobRecord:
    """End an attempt that failed, once. Raises :class:`~registry.errors.LeaseLostError`."""
    if _outcome(session, fence) == "failed":
        return rows.get_job(session, fence.job_id)
    return jobs.fail(session, fence.job_id, fence.attempt, fence.owner, kind, message)


def release(session: Session, fence: Fence) -> None:
    """Give a job back unharmed, once. Raises :class:`~registry.errors.LeaseLostError`."""
    if _outcome(session, fence) != "released":
        jobs.release(session, fence.job_id, fence.attempt, fence.owner)


def deliver(session: Session, fence: Fence, document: Mapping[str, Any], resources: Mapping[str, Any]) -> Taken:
    """Take in what a worker has found; *known* where this very attempt has delivered before.

    *refused* where the job has become one that this worker must not do: it is given back. Raises
    :class:`~registry.errors.LeaseLostError`.
    """
    if _outcome(session, fence) == "done":
        return "known"
    job = rows.lock_lease(session, fence.job_id, fence.attempt, fence.owner)
    if not rows.is_fitting(session, job.id, _fitting(session, fence.access)):
        jobs.release(session, job.id, job.attempt, fence.owner)
        return "refused"
    deliveries.add_delivery(session, job.id, job.attempt, fence.access.account_id, document)
    jobs.hand_over(session, job.id, job.attempt, fence.owner, resources)
    return "new"


def _fitting(session: Session, access: Access) -> rows.Fitting:
    return rows.Fitting(delivered=False, strangers_to=deliveries.people_behind(session, access.account_id))


def _outcome(session: Session, fence: Fence) -> str | None:
    return rows.attempt_outcome(session, fence.job_id, fence.attempt, fence.owner)


def _offered(session: Session, job: JobRecord) -> Offer:
    checkpoint = queries.get_checkpoint(session, job.checkpoint_id)
    if checkpoint is None:
        raise LeaseLostError(f"The catalogue has no checkpoint {job.checkpoint_id} any more.")
    return Offer(
        job,
        checkpoint.densified_hash,
        checkpoint.architecture,
        checkpoint.preprocessing_hash,
        tuple(queries.revisions_of(session, job.checkpoint_id)),
    )
