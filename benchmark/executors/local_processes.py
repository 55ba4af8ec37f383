"""Several workers, each a fresh Python process on this machine."""

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, cast

from registry import jobs
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from zoo.core.console import say

from ..errors import WorkerDiedError
from ..order import WorkOrder
from ..owners import is_gone
from ..placement import Placement
from . import EXECUTORS, Json, Report

GRACE_SECONDS = 60.0
_ROOT = Path(__file__).parents[2]
# Our own packages come last on the path, for a checkout that was not installed; an installed one is found before.
_COMMAND = "import sys; sys.path.append(sys.argv[1]); from benchmark.executors._child import main; sys.exit(main())"


class _Child:
    """A worker process; ``news`` receives (child, event), and (child, None) when its pipe closes."""

    def __init__(self, order: Json, news: "SimpleQueue[tuple[_Child, Json | None]]") -> None:
        self.job_id: int | None = None
        self._news = news
        self._process = subprocess.Popen(
            [sys.executable, "-c", _COMMAND, str(_ROOT)],
            # A folder called `benchmark` in the user's working directory must not be imported instead of ours.
            env={**os.environ, "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._input, self._output = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        self._send(order)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def stop(self) -> None:
        """Ask for an end after the current job, then insist."""
        self._hang_up()
        for insist in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(GRACE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                insist()
        self.exit_code()

    def exit_code(self) -> int:
        """How the process ended; negative for a signal."""
        self._hang_up()
        self._listener.join()
        return self._process.wait()

    def _send(self, order: Json) -> None:
        with suppress(BrokenPipeError):  # it ended at once; its exit code tells
            self._input.write(json.dumps(order) + "\n")
            self._input.flush()

    def _hang_up(self) -> None:
        with suppress(BrokenPipeError):
            self._input.close()

    def _listen(self) -> None:
        with self._output:
            for line in self._output:
                self._news.put((self, json.loads(line)))
        self._news.put((self, None))


class LocalProcesses:
    """``workers`` processes; one that dies with a job in hand is replaced, and the job is queued again at once."""

    def drain(self, order: Json, placement: Placement, report: Report) -> None:
        """See :class:`~benchmark.executors.Executor`."""
        placement.require_local("local-processes")
        news: SimpleQueue[tuple[_Child, Json | None]] = SimpleQueue()
        workers = placement.workers if order["job_ids"] is None else min(placement.workers, len(order["job_ids"]))
        children = [_Child(order, news) for _ in range(workers)]
        try:
            while children:
                child, event = news.get()
                if event is not None:
                    child.job_id = event["job_id"] if event["state"] == "started" else None
                    report(event)
                    continue
                children.remove(child)
                code = child.exit_code()
                if code == 0:
                    continue
                if child.job_id is not None:
                    say(f"A worker process ended with code {code} during job {child.job_id}; another one takes over.")
                    _return_orphans(order)
                    children.append(_Child(order, news))
                elif not children:
                    raise WorkerDiedError(
                        f"The last worker process ended with code {code} and work remains.",
                        "What it wrote is above. Run the same command again: finished jobs are kept.",
                    )
        finally:
            for child in children:
                child.stop()


def _return_orphans(order: Json) -> None:
    """Queue the jobs of dead processes again, without waiting for their leases to run out."""
    engine = open_catalogue(WorkOrder.from_json(order).settings(), create=False)
    try:
        with session_scope(engine, write=True) as session:
            jobs.reap(session, is_gone)
    finally:
        engine.dispose()


EXECUTORS.register("local-processes")(LocalProcesses())
