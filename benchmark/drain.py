"""The one loop that works on the queue, wherever it runs: claim, evaluate, finish or fail, until the work is done."""

import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Engine

from registry import jobs, queries
from registry.blobs import BlobStore
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.errors import CatalogueError, LeaseLostError
from registry.queries.workers import forget_worker, worker_heard
from registry.receipts import SigningKey
from registry.records import JobRecord
from registry.settings import Settings
from zoo.core.console import say

from .failures import Failure, failure_of
from .heartbeat import heartbeat_of_job
from .job import job_of
from .numerics import Numerics
from .order import WorkOrder
from .owners import is_gone, this_owner
from .patience import patiently
from .provenance import device
from .receipt_files import keep_receipts, own_key
from .run_job import Outcome, run_job
from .sources import Source, folder_source, hub_source

EventState = Literal["started", "done", "failed", "queued", "lost"]


@dataclass(frozen=True)
class Event:
    """News of one attempt: ``started``; then ``done``, ``failed``, ``queued`` (to be tried again) or ``lost``.

    ``lost``: the lease went to somebody else, who delivers. ``kind`` and ``message`` tell of a failure.
    """

    job_id: int
    attempt: int
    model: str
    task: str
    protocol: str
    seed: int
    state: EventState
    kind: str | None = None
    message: str | None = None
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """A flat JSON object; ``Event(**value)`` is the inverse."""
        return asdict(self)


Report = Callable[[Event], None]
Fence = tuple[int, int, str]
Aside = Callable[[Engine], bool]


def drain(order: WorkOrder, stop: threading.Event, report: Report, aside: Aside = lambda _: False) -> None:
    """Work on the queue until the order is fulfilled, or until ``stop`` is set; the current job is finished first.

    One failing job never stops the rest. Where the loop is broken off from outside (Ctrl-C, or ``report`` raises), the
    job goes back to the queue unharmed. ``aside`` is called before each claim and says whether it did anything.
    Where this home has a key, a signed receipt of each evaluation that was done is kept there; raises
    :class:`~registry.errors.SigningKeyError` for a key that cannot be used, before any work.
    """
    settings = order.settings()
    key = own_key(settings)
    engine, blobs = open_catalogue(settings, create=False), BlobStore(settings.blobs)
    source = folder_source(engine, Path(order.folders)) if order.folders else hub_source(engine, settings)
    try:
        with session_scope(engine, write=True) as session:
            jobs.reap(session, is_gone)
        while not stop.is_set() and not patiently(partial(_finished, engine, order.job_ids)):
            busy = aside(engine)
            record = patiently(partial(_claim, engine, order.lease_seconds))
            if record is not None:
                event = _work(engine, blobs, source, record, order.lease_seconds, report)
                if event.state == "done" and key is not None:
                    _keep_receipt(engine, settings, key, record.id)
                report(event)
            elif order.until_idle and not busy and patiently(partial(_idle, engine)):
                return
            elif not busy:
                stop.wait(order.poll_seconds)
    finally:
        with suppress(CatalogueError), session_scope(engine, write=True) as session:
            forget_worker(session, this_owner())
        engine.dispose()


def _claim(engine: Engine, lease_seconds: float) -> JobRecord | None:
    with session_scope(engine, write=True) as session:
        worker_heard(session, this_owner(), device(Numerics.of_environment().device))
        return jobs.claim(session, this_owner(), lease_seconds)


def _finished(engine: Engine, job_ids: tuple[int, ...] | None) -> bool:
    if job_ids is None:
        return False
    with session_scope(engine) as session:
        return queries.count_unfinished(session, job_ids) == 0


def _idle(engine: Engine) -> bool:
    with session_scope(engine) as session:
        counted = queries.count_jobs(session)
    return not (counted.get("queued") or counted.get("leased"))


def _work(
    engine: Engine, blobs: BlobStore, source: Source, record: JobRecord, lease_seconds: float, report: Report
) -> Event:
    """One attempt, from lease to verdict."""
    start = time.perf_counter()
    fence = (record.id, record.attempt, record.lease_owner or "")
    try:
        report(_event(record, "started"))
        try:
            with heartbeat_of_job(engine, record, lease_seconds):
                outcome = run_job(job_of(record), source(record.checkpoint_id), blobs)
            patiently(partial(_finish, engine, fence, outcome))
            return _event(record, "done", seconds=time.perf_counter() - start)
        except LeaseLostError:
            raise
        except Exception as error:
            failure = failure_of(error)
            if failure.kind == "bug":
                say(traceback.format_exc())
            after = patiently(partial(_fail, engine, fence, failure))
            state: EventState = "queued" if after.state == "queued" else "failed"
            return _event(record, state, failure.kind, failure.message, time.perf_counter() - start)
    except LeaseLostError as error:
        return _event(record, "lost", "timeout", error.message, time.perf_counter() - start)
    except BaseException:
        with suppress(LeaseLostError), session_scope(engine, write=True) as session:
            jobs.release(session, *fence)
        raise


def _keep_receipt(engine: Engine, settings: Settings, key: SigningKey, job_id: int) -> None:
    """It can be made again at any time, so that a full disk stops no evaluation."""
    try:
        patiently(partial(keep_receipts, engine, settings, key, [job_id]))
    except OSError as error:
        say(f"The receipt of job {job_id} could not be written: {error}. Again: prunarium benchmark receipt MODEL")


def _finish(engine: Engine, fence: Fence, outcome: Outcome) -> None:
    # May be called again after an answer that was lost: one attempt delivers once.
    with session_scope(engine, write=True) as session:
        jobs.finish(session, *fence, outcome.results, outcome.predictions, outcome.resources)


def _fail(engine: Engine, fence: Fence, failure: Failure) -> JobRecord:
    with session_scope(engine, write=True) as session:
        return jobs.fail(session, *fence, failure.kind, failure.message)


def _event(
    record: JobRecord,
    state: EventState,
    kind: str | None = None,
    message: str | None = None,
    seconds: float | None = None,
) -> Event:
    return Event(
        record.id,
        record.attempt,
        record.model,
        record.task,
        record.protocol,
        record.seed,
        state,
        kind,
        message,
        None if seconds is None else round(seconds, 4),
    )
