"""What an executor is: it places workers; the queue in the catalogue is the truth.

Each worker runs :func:`benchmark.drain.drain`, so an executor schedules nothing, counts nothing and keeps nothing: if
it dies with all its workers, the leases run out and any other worker goes on. Only JSON crosses the border, a
:class:`~benchmark.order.WorkOrder` out and :class:`~benchmark.drain.Event` objects back; models and closures do not
travel. The conformance suite (``tests/benchmark/executors/test_conformance.py``) runs on every entry:

- every job is done once; a failing one does not stop the rest, and its story arrives;
- the results are those of the in-process executor, bit for bit (times and resources aside);
- a worker that is killed costs an attempt of one job, never a job.
"""

from collections.abc import Callable
from typing import Any, Protocol

from ..placement import Placement

Json = dict[str, Any]
Report = Callable[[Json], None]


class Executor(Protocol):
    """An entry of ``EXECUTORS``."""

    def drain(self, order: Json, placement: Placement, report: Report) -> None:
        """Run ``placement.workers`` workers with this order and return when all have ended.

        ``report`` is called in this thread with each event, in each worker's order. When the call is broken off
        (Ctrl-C), the workers are told to stop and have ended before the exception leaves. Raises
        :class:`~benchmark.errors.WorkerDiedError` when no worker is left and work remains, and
        :class:`~zoo.core.errors.UsageError` for a placement that cannot be had here.
        """
        ...
