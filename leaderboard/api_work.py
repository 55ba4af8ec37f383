"""The queue for workers without the database, under /api/v1/work; tokens need the scope ``work``.

What is sent twice because an answer was lost gets the same answer; what comes after the lease went to somebody else is
refused with 410.
"""

import hashlib
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool

from registry import work
from registry.accounts import Access
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import AccessError, LeaseLostError, ScopeError
from registry.permissions import may, standing
from registry.records import FailureKind
from registry.sources.work import Delivered, Ended, Missing, Offered

from .body_limit import MAX_FILE_BYTES
from .callers import Caller
from .errors import NotFoundError
from .paging import MOST

router = APIRouter(prefix="/api/v1/work")
_IN_MEMORY: Final = 4 * 2**20

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Lease = Annotated[float, Field(ge=5, le=3600)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ClaimBody(_Body):
    """Who asks: ``worker`` names one process, never two."""

    worker: Name
    device: Annotated[str, Field(max_length=200)] | None = None
    lease_seconds: Lease = 60.0


class BeatBody(_Body):
    """The worker is alive."""

    worker: Name
    lease_seconds: Lease = 60.0


class ReleaseBody(_Body):
    """The worker stops, and gives the job back."""

    worker: Name


class FailBody(_Body):
    """The attempt failed, and how."""

    worker: Name
    kind: FailureKind
    message: Annotated[str, Field(max_length=2000)]


class MissingBody(_Body):
    """Which files the worker would upload."""

    worker: Name
    sha256: Annotated[list[Sha256], Field(max_length=500)]


class PredictionBody(_Body):
    """One condition's predictions; the file was uploaded before."""

    condition: Annotated[str, Field(max_length=200)]
    blob_sha256: Sha256
    array_hash: Annotated[str, Field(pattern=r"^a1:[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]
    n: Annotated[int, Field(ge=0, le=MOST)]
    sparsity_before: Annotated[float, Field(ge=0, le=1)] | None = None
    sparsity_after: Annotated[float, Field(ge=0, le=1)] | None = None


class ResultBody(_Body):
    """A number that the worker found; the server computes its own and compares. Replicates are of cost tasks alone."""

    metric: Annotated[str, Field(max_length=200)]
    condition: Annotated[str, Field(max_length=200)]
    value: float | None
    missing_reason: Annotated[str, Field(max_length=1000)] | None = None
    n: Annotated[int, Field(ge=0, le=MOST)] | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    interval_method: Annotated[str, Field(max_length=100)] | None = None
    no_interval_reason: Annotated[str, Field(max_length=1000)] | None = None


class DeliveryBody(_Body):
    """What an attempt found, and how it was made."""

    worker: Name
    predictions: Annotated[list[PredictionBody], Field(max_length=500)]
    results: Annotated[list[ResultBody], Field(max_length=20_000)]
    provenance: dict[str, Any]
    resources: dict[str, Any]


def worker_of(caller: Caller) -> Access:
    """A caller who may work. Raises :class:`~registry.errors.AccessError` for anybody else."""
    if caller is None:
        raise AccessError("This needs a worker's token.", "An administrator makes one: prunarium admin worker NAME")
    if not may("job", "work on", standing(caller.scopes & {"work"})):
        raise ScopeError(f"The token {caller.token!r} does not have the scope 'work'.", "Ask for a worker's token.")
    return caller


Worker = Annotated[Access, Depends(worker_of)]
JobId = Annotated[int, Path(ge=1, le=MOST)]
Attempt = Annotated[int, Path(ge=1, le=MOST)]


@router.post("/claim", response_model=Offered)
def claim(request: Request, body: ClaimBody, caller: Worker) -> Response:
    """A job, or none; the one that this worker holds already if it does."""
    with session_scope(request.app.state.engine, write=True) as session:
        found = work.offer(session, caller, body.worker, body.device, body.lease_seconds)
    return _json(Offered(found))


@router.post("/jobs/{job_id}/{attempt}/heartbeat", response_model=Ended)
def heartbeat(request: Request, job_id: JobId, attempt: Attempt, body: BeatBody, caller: Worker) -> Response:
    """Keep the lease."""
    with session_scope(request.app.state.engine, write=True) as session:
        work.beat(session, work.Fence(caller, body.worker, job_id, attempt), body.lease_seconds)
    return _json(Ended("leased"))


@router.post("/jobs/{job_id}/{attempt}/release", response_model=Ended)
def release(request: Request, job_id: JobId, attempt: Attempt, body: ReleaseBody, caller: Worker) -> Response:
    """Give the job back; the attempt does not count."""
    with session_scope(request.app.state.engine, write=True) as session:
        work.release(session, work.Fence(caller, body.worker, job_id, attempt))
    return _json(Ended("queued"))


@router.post("/jobs/{job_id}/{attempt}/fail", response_model=Ended)
def fail(request: Request, job_id: JobId, attempt: Attempt, body: FailBody, caller: Worker) -> Response:
    """Tell how the attempt failed; says whether the job is queued again or failed for good."""
    with session_scope(request.app.state.engine, write=True) as session:
        job = work.fail(session, work.Fence(caller, body.worker, job_id, attempt), body.kind, body.message)
    state: Literal["failed", "queued"] = "failed" if job.state == "failed" else "queued"
    return _json(Ended(state))


@router.post("/jobs/{job_id}/{attempt}/missing", response_model=Missing)
def missing(request: Request, job_id: JobId, attempt: Attempt, body: MissingBody, caller: Worker) -> Response:
    """Which of these files the server does not have: an upload that broke off goes on with them."""
    with session_scope(request.app.state.engine, write=True) as session:
        work.require_lease(session, work.Fence(caller, body.worker, job_id, attempt))
    blobs = _blobs(request)
    return _json(Missing(tuple(sha256 for sha256 in body.sha256 if not blobs.exists(sha256))))


@router.put("/jobs/{job_id}/{attempt}/files/{sha256}", response_model=Ended)
async def upload(
    request: Request,
    job_id: JobId,
    attempt: Attempt,
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
    worker: Name,
    caller: Worker,
) -> Response:
    """Take one file in, whole or not at all; sending it again changes nothing."""
    fence, blobs = work.Fence(caller, worker, job_id, attempt), _blobs(request)
    await run_in_threadpool(_require_lease, request, fence)
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        digest = hashlib.sha256()
        async for chunk in request.stream():
            digest.update(chunk)
            await run_in_threadpool(file.write, chunk)
        if digest.hexdigest() != sha256:
            raise NotFoundError(f"What came is not {sha256}: it was damaged or cut off on the way.", "Send it again.")
        file.seek(0)
        await run_in_threadpool(lambda: blobs.put(file.read()))
    return _json(Ended("leased"))


@router.post("/jobs/{job_id}/{attempt}/deliver", response_model=Delivered)
def deliver(request: Request, job_id: JobId, attempt: Attempt, body: DeliveryBody, caller: Worker) -> Response:
    """Hand in what the attempt found; the files are there already. They count once they are scored."""
    blobs = _blobs(request)
    absent = [one.blob_sha256 for one in body.predictions if not blobs.exists(one.blob_sha256)]
    if absent:
        raise NotFoundError(f"The server does not have the file {absent[0]}.", "Upload it first.")
    document = {
        "predictions": [one.model_dump() for one in body.predictions],
        "results": [one.model_dump() for one in body.results],
        "provenance": body.provenance,
    }
    with session_scope(request.app.state.engine, write=True) as session:
        fence = work.Fence(caller, body.worker, job_id, attempt)
        taken = work.deliver(session, fence, document, body.resources)
    if taken == "refused":
        raise LeaseLostError(f"Job {job_id} is of a model of this worker's operator by now: others measure it.")
    return _json(Delivered(taken == "new"))


def _require_lease(request: Request, fence: work.Fence) -> None:
    with session_scope(request.app.state.engine, write=True) as session:
        work.require_lease(session, fence)


def _blobs(request: Request) -> BlobStore:
    store = request.app.state.settings.blobs
    if store is None:
        raise NotFoundError("This server keeps no predictions.", "Set PRUNARIUM_BLOBS where it runs.")
    return BlobStore(store)


def _json(answer: Any) -> Response:
    """Nobody on the way keeps what was meant for one worker."""
    content = TypeAdapter(type(answer)).dump_json(answer)
    return Response(content, 200, {"Cache-Control": "no-store"}, "application/json")
