"""The worker process of :mod:`benchmark.executors.local_processes`: an order on stdin, events on stdout, as JSON lines.

It stops after its current job when its stdin closes, which also happens when the parent dies.
"""

import json
import os
import signal
import sys
import threading

from zoo.core.console import say
from zoo.core.errors import PrunariumError

from ..drain import Event, drain
from ..order import WorkOrder


def main() -> int:
    """Drain and return the exit code."""
    # Libraries that print would break the protocol: what they write goes to stderr.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    stop = threading.Event()
    # Ctrl-C reaches the whole group of processes; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    order = WorkOrder.from_json(json.loads(sys.stdin.readline()))
    threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()

    def report(event: Event) -> None:
        events.write(json.dumps(event.to_json()) + "\n")

    try:
        drain(order, stop, report)
    except PrunariumError as error:
        say(f"error: {error}")
        return 1
    except BrokenPipeError:
        return 1  # the parent died; the job in hand went back to the queue
    return 0


def _wait_for_end_of_input(stop: threading.Event) -> None:
    # Not sys.stdin: a thread that holds its lock would block the interpreter's exit.
    while os.read(0, 1024):
        pass
    stop.set()
