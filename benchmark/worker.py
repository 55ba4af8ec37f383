"""A worker that runs until it is told to stop: jobs with leases, and the check of submissions between them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from sqlalchemy import Engine

from registry import queries
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.errors import CatalogueError
from registry.jobs import DEFAULT_LEASE_SECONDS
from registry.queries.overview import count_submissions
from registry.server_address import ServerAddress
from registry.settings import Settings
from zoo.core.console import say
from zoo.core.errors import UsageError

from .drain import Event, drain, drain_queue
from .executors import EXECUTORS, Json
from .intake import attend
from .order import WorkOrder
from .owners import this_owner
from .patience import patiently
from .placement import Placement
from .spot_check import check_next
from .sync import sync_plugins

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Place:
    """Another executor than this process: its name, and what each job gets."""

    executor: str
    placement: Placement


def work(
    settings: Settings,
    *,
    folders: Path | None = None,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
    once: bool = False,
    evaluate: bool = True,
    place: Place | None = None,
) -> None:
    """Work on the queue of ``settings`` until SIGTERM or Ctrl-C, or with ``once`` until it is empty.

    The first signal lets the current job end; a second one gives it back to the queue and stops at once. Jobs that are
    elsewhere (``place``) go back to the queue with the first. Where nothing waits, spot checks of people's own
    predictions are made. Without ``evaluate`` submissions are checked, and what workers of the server's address
    delivered is scored, and nothing more.
    """
    order = WorkOrder.from_settings(
        settings,
        folders=None if folders is None else str(folders.absolute()),
        until_idle=once or place is not None,
        evaluate=evaluate,
        lease_seconds=lease_seconds,
        poll_seconds=POLL_SECONDS,
    )
    stop = threading.Event()
    _write_plugins(settings)
    say(f"Worker {this_owner()} looks for jobs in {settings.home}.")
    with _signals(stop, wait=place is None):
        if place is None:
            spare = partial(check_next, settings, folders=folders) if evaluate else lambda: False
            drain(order, stop, _say, lambda engine: attend(engine, settings), spare)
        else:
            _work_elsewhere(settings, order, place, stop, once=once)
    _say_end(stop, "The queue is empty.")


def _write_plugins(settings: Settings) -> None:
    """A new server has suites to submit to as soon as its first worker is there."""
    from .protocols import PROTOCOLS

    len(PROTOCOLS)  # imports torch, for which no other writer of the catalogue should wait
    engine = open_catalogue(settings, create=False)
    try:
        patiently(partial(sync_plugins, engine))
    finally:
        engine.dispose()


def work_for_server(
    address: str,
    token: str,
    settings: Settings,
    *,
    folders: Path | None = None,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
    once: bool = False,
) -> None:
    """Work for the server at ``address`` without its database; signals as for :func:`work`.

    Raises :class:`~registry.errors.ServerError` for an address that no token may be sent to, or a server that stays
    away, and :class:`~registry.errors.AccessError` for a token that is no good.
    """
    from .remote_queue import ServerQueue

    place = ServerAddress.parse(address)
    queue = ServerQueue(place, token, settings, folders=folders, lease_seconds=lease_seconds)
    order = WorkOrder.from_settings(settings, until_idle=once, lease_seconds=lease_seconds, poll_seconds=POLL_SECONDS)
    stop = threading.Event()
    say(f"Worker {this_owner()} looks for jobs at {place}.")
    with _signals(stop):
        drain_queue(queue, order, stop, _say)
    _say_end(stop, "The server has nothing for this worker.")


def _work_elsewhere(settings: Settings, order: WorkOrder, place: Place, stop: threading.Event, *, once: bool) -> None:
    """The executor does the jobs, over and over; submissions are checked here meanwhile."""
    executor, engine = EXECUTORS[place.executor], open_catalogue(settings, create=False)
    checking = threading.Thread(target=_attend_until, args=(engine, settings, stop), name="checks", daemon=True)
    try:
        checking.start()
        while not stop.is_set():
            if patiently(partial(_has_queued, engine)):
                executor.drain(order.to_json(), place.placement, _say_json)
            elif order.evaluate and patiently(partial(check_next, settings)):
                continue
            elif once and not patiently(partial(_has_unchecked, engine)):
                return
            else:
                stop.wait(POLL_SECONDS)
    except KeyboardInterrupt:
        if not stop.is_set():
            raise
    finally:
        stop_was = stop.is_set()
        stop.set()
        checking.join()
        if not stop_was:
            stop.clear()
        engine.dispose()


def _attend_until(engine: Engine, settings: Settings, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            busy = attend(engine, settings)
        except CatalogueError as error:
            say(f"{error.message} Submissions are checked when it is back.")
            busy = False
        if not busy:
            stop.wait(POLL_SECONDS)


def _has_queued(engine: Engine) -> bool:
    with session_scope(engine) as session:
        counted = queries.count_jobs(session)
    return bool(counted.get("queued") or counted.get("leased"))


def _has_unchecked(engine: Engine) -> bool:
    with session_scope(engine) as session:
        counted = count_submissions(session)
    return any(counted.get(state) for state in ("received", "checking", "queued", "running"))


def _say_json(event: Json) -> None:
    _say(Event(**event))


def _say(event: Event) -> None:
    if event.state == "started":
        return
    what = f"{event.model} on {event.task} by {event.protocol}, seed {event.seed}"
    told = "" if event.message is None else f" ({event.kind}: {event.message})"
    say(f"{event.state}: {what}, {event.seconds:.1f} s{told}")


def _say_end(stop: threading.Event, at_the_end: str) -> None:
    say("Worker stopped; its job ended or went back to the queue." if stop.is_set() else at_the_end)


@contextmanager
def _signals(stop: threading.Event, *, wait: bool = True) -> Iterator[None]:
    """``wait``: the first signal lets the current job end, and only the second one interrupts."""

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
        again = stop.is_set()
        stop.set()
        if again or not wait:
            raise KeyboardInterrupt
        say("Stopping after the current job; once more to stop at once.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def chosen_place(executor: str | None, placement: Placement) -> Place | None:
    """Where a worker's jobs run; None for this process. Raises :class:`~zoo.core.errors.UsageError`."""
    if executor in (None, "in-process"):
        if placement.workers > 1:
            return Place("local-processes", placement)
        placement.require_local("in-process")
        return None
    if executor not in EXECUTORS:
        raise UsageError(f"There is no executor {executor!r}.", f"There are: {', '.join(sorted(EXECUTORS))}.")
    return Place(executor, placement)
