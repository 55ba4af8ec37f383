"""One worker, in this process and thread."""

import json
import threading

from ..drain import drain
from ..order import WorkOrder
from ..placement import Placement
from . import EXECUTORS, Json, Report


class InProcess:
    """The reference that every other executor is compared with; it takes one worker whatever is asked for."""

    def drain(self, order: Json, placement: Placement, report: Report) -> None:
        """See :class:`~benchmark.executors.Executor`."""
        placement.require_local("in-process")
        # Through JSON text, so that what cannot cross a border fails here as well.
        received = WorkOrder.from_json(json.loads(json.dumps(order)))
        drain(received, threading.Event(), lambda event: report(json.loads(json.dumps(event.to_json()))))


EXECUTORS.register("in-process")(InProcess())
