"""A worker that runs until it is told to stop: jobs with leases, and the check of submissions between them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from registry.jobs import DEFAULT_LEASE_SECONDS
from registry.settings import Settings
from zoo.core.console import say

from .drain import Event, drain
from .intake import attend
from .order import WorkOrder
from .owners import this_owner

POLL_SECONDS = 1.0


def work(
    settings: Settings,
    *,
    folders: Path | None = None,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
    once: bool = False,
) -> None:
    """Work on the queue of ``settings`` until SIGTERM or Ctrl-C, or with ``once`` until it is empty.

    The first signal lets the current job end; a second one gives it back to the queue and stops at once.
    """
    order = WorkOrder.from_settings(
        settings,
        folders=None if folders is None else str(folders.absolute()),
        until_idle=once,
        lease_seconds=lease_seconds,
        poll_seconds=POLL_SECONDS,
    )
    stop = threading.Event()
    say(f"Worker {this_owner()} looks for jobs in {settings.home}.")
    with _signals(stop):
        drain(order, stop, _say, lambda engine: attend(engine, settings))
    say("Worker stopped." if stop.is_set() else "The queue is empty.")


def _say(event: Event) -> None:
    if event.state == "started":
        return
    what = f"{event.model} on {event.task} by {event.protocol}, seed {event.seed}"
    told = "" if event.message is None else f" ({event.kind}: {event.message})"
    say(f"{event.state}: {what}, {event.seconds:.1f} s{told}")


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a signal handler
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("Stopping after the current job; once more to stop at once.")

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
