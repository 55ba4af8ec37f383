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

from registry.db.schema import open_catalogue
from registry.errors import CatalogueError, LeaseLostError, ServerError
from registry.records import JobRecord
from zoo.core.console import say

from .failures import failure_of
from .order import WorkOrder
from .patience import patiently
from .queues import CatalogueQueue, Queue
from .sources import folder_source, hub_source

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
Aside = Callable[[Engine], bool]


def drain(
    order: WorkOrder,
    stop: threading.Event,
    report: Report,
    aside: Aside = lambda _: False,
    spare: Callable[[], bool] = lambda: False,
) -> None:
    """Work on the queue until the order is fulfilled, or until ``stop`` is set; the current job is finished first.

    One failing job never stops the rest. Where the loop is broken off from outside (Ctrl-C, or ``report`` raises), the
    job goes back to the queue unharmed. ``aside`` is called before each claim and says whether it did anything, and so
    does ``spare``, which is called when there is no job.
    Raises :class:`~registry.errors.SigningKeyError` for a key of this home that cannot be used, before any work.
    """
    settings = order.settings()
    engine = open_catalogue(settings, create=False)
    try:
        source = folder_source(engine, Path(order.folders)) if order.folders else hub_source(engine, settings)
        queue = CatalogueQueue(engine, settings, source, order.lease_seconds, evaluate=order.evaluate)
        drain_queue(queue, order, stop, report, partial(aside, engine), spare)
    finally:
        engine.dispose()


def drain_queue(
    queue: Queue,
    order: WorkOrder,
    stop: threading.Event,
    report: Report,
    aside: Callable[[], bool] = lambda: False,
    spare: Callable[[], bool] = lambda: False,
) -> None:
    """The loop itself, on any queue."""
    try:
        while not stop.is_set() and not patiently(partial(queue.finished, order.job_ids)):
            busy = aside()
            record = patiently(queue.claim)
            if record is not None:
                report(_work(queue, record, report))
            elif patiently(spare):
                continue
            elif order.until_idle and not busy and patiently(queue.idle):
                return
            elif not busy:
                stop.wait(order.poll_seconds)
    finally:
        queue.leave()


def _work(queue: Queue, record: JobRecord, report: Report) -> Event:
    """One attempt, from lease to verdict."""
    start = time.perf_counter()
    try:
        report(_event(record, "started"))
        try:
            with queue.heartbeat(record):
                is_done = queue.run(record)
            return _event(record, "done" if is_done else "queued", seconds=time.perf_counter() - start)
        except LeaseLostError:
            raise
        except Exception as error:
            failure = failure_of(error)
            if failure.kind == "bug":
                say(traceback.format_exc())
            after = patiently(partial(queue.fail, record, failure))
            state: EventState = "queued" if after == "queued" else "failed"
            return _event(record, state, failure.kind, failure.message, time.perf_counter() - start)
    except LeaseLostError as error:
        return _event(record, "lost", "timeout", error.message, time.perf_counter() - start)
    except BaseException:
        with suppress(LeaseLostError, CatalogueError, ServerError):
            queue.release(record)
        raise


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
