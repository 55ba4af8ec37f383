"""Workers on a Ray cluster: Ray places them and tries a lost one again, the queue stays the truth.

What Ray carries is one JSON text to a worker and one back: a task is a *turn*, which claims one job, works on it, and
returns its events. So nodes may join and leave while the work goes on, and a cluster that is lost loses nothing: the
leases of its jobs run out, and the same command goes on elsewhere. Every node has Prunarium installed, and reaches the
same catalogue, blobs and hub.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from typing import Any, NamedTuple

from zoo.core.console import say
from zoo.core.errors import UsageError

from ..drain import Event, drain
from ..errors import WorkerDiedError
from ..order import WorkOrder
from ..placement import Placement
from ..reproducible import THREADS
from . import EXECUTORS, Json, Report

GRACE_SECONDS = 60.0
# Ray repeats a turn whose worker or node died so many times before it tells us, and then we ask so many times anew.
_RETRIES = 3
# How the one who asks computes is how all compute: a node's own choice would give other bits.
_NUMERICS = ("PRUNARIUM_DEVICE", "PRUNARIUM_PRECISION", "PRUNARIUM_COMPILE")
_DEATHS = 3


class RayCluster:
    """``workers`` turns at a time, each with the CPUs, GPUs and memory of its placement; 1 CPU where none are named."""

    def drain(self, order: Json, placement: Placement, report: Report) -> None:
        """See :class:`~benchmark.executors.Executor`.

        ``placement.address`` is what ``ray.init`` takes; None: ``RAY_ADDRESS``, a cluster that runs on this machine,
        or one of its own for as long as the work lasts. A Ray that the program started before is used and left alone.
        """
        if order["job_ids"] is not None:
            if not order["job_ids"]:
                return
            placement = replace(placement, workers=min(placement.workers, len(order["job_ids"])))
        with _connected(placement.address) as nodes:
            needs = Needs.of(placement)
            needs.require(nodes)
            _require_shared(WorkOrder.from_json(order), nodes)
            _Turns(order, needs, placement.workers, report).run()


class Needs(NamedTuple):
    """What one job occupies, in Ray's words."""

    cpus: float
    gpus: float
    memory_bytes: int

    @classmethod
    def of(cls, placement: Placement) -> "Needs":
        """A job without a wish takes one CPU."""
        cpus = 1.0 if placement.cpus is None else placement.cpus
        return cls(cpus, placement.gpus or 0.0, placement.memory_bytes or 0)

    def require(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        """Raise :class:`UsageError` where no node is large enough: Ray would wait for one for ever."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory_bytes}
        found = [node["Resources"] for node in nodes]
        if any(all(has.get(name, 0) >= amount for name, amount in wanted.items()) for has in found):
            return
        largest = {name: max((has.get(name, 0) for has in found), default=0) for name in wanted}
        raise UsageError(
            f"No node of the cluster has {_said(wanted)} for one job; the most that any has is {_said(largest)}.",
            "Ask for less, or add a node: ray start --address …",
        )

    def options(self, environ: Mapping[str, str]) -> dict[str, Any]:
        """Of a Ray task."""
        return {
            "num_cpus": self.cpus,
            "num_gpus": self.gpus,
            "memory": self.memory_bytes or None,
            "max_retries": _RETRIES,
            "runtime_env": {"env_vars": dict(environ)},
        }


class _Turns:
    """The turns that are under way; a new one begins when one ends, until a turn finds nothing left to do."""

    def __init__(self, order: Json, needs: Needs, workers: int, report: Report) -> None:
        import ray

        self._report, self._workers = report, workers
        self._order = json.dumps(order)
        # Jobs use one thread wherever they run; own tasks lie in the home that the order names.
        environ = {"OMP_NUM_THREADS": str(max(THREADS, ceil(needs.cpus))), "PRUNARIUM_HOME": order["home"]}
        environ |= {name: os.environ[name] for name in _NUMERICS if name in os.environ}
        self._task = ray.remote(**needs.options(environ))(turn)
        self._under_way: list[Any] = []
        self._deaths = 0

    def run(self) -> None:
        """Return when no work is left; break off in order when ``report`` raises."""
        try:
            for _ in range(self._workers):
                self._begin()
            while self._under_way:
                self._take_one()
        except BaseException:
            self._cancel()
            raise

    def _begin(self) -> None:
        self._under_way.append(self._task.remote(self._order))

    def _take_one(self) -> None:
        import ray

        (ended, *_), self._under_way = ray.wait(self._under_way, num_returns=1)
        try:
            events: list[Json] = json.loads(ray.get(ended))
        except ray.exceptions.RayTaskError as error:
            raise WorkerDiedError(
                f"A worker on the cluster failed: {error.cause}",
                "Does every node reach the catalogue and the models? Finished jobs are kept: run the command again.",
            ) from error
        except ray.exceptions.RayError as error:
            self._count_death(error)
            self._begin()
            return
        self._deaths = 0
        for event in events:
            self._report(event)
        if events:
            self._begin()

    def _count_death(self, error: Exception) -> None:
        self._deaths += 1
        if self._deaths >= _DEATHS * self._workers:
            raise WorkerDiedError(
                f"Workers on the cluster die one after the other: {type(error).__name__}: {str(error).splitlines()[0]}",
                "Finished jobs are kept: run the same command again when the cluster is well.",
            ) from error
        say(f"A worker on the cluster died ({type(error).__name__}); another one takes over.")

    def _cancel(self) -> None:
        """The jobs in hand go back to the queue; a worker that does not listen is ended."""
        import ray

        for force in (False, True):
            for ref in self._under_way:
                ray.cancel(ref, force=force)
            if self._under_way:
                many = len(self._under_way)
                _, self._under_way = ray.wait(self._under_way, num_returns=many, timeout=GRACE_SECONDS)


def turn(order: str) -> str:
    """One job from the queue on whatever node this runs: an order in, its events out, both as JSON.

    Without events the order is fulfilled. Waits while others hold the last jobs: one of them may be lost.
    """
    stop, events = threading.Event(), list[Json]()

    def note(event: Event) -> None:
        events.append(event.to_json())
        if event.state != "started":
            stop.set()

    drain(WorkOrder.from_json(json.loads(order)), stop, note)
    return json.dumps(events)


@contextmanager
def _connected(address: str | None) -> Iterator[list[Mapping[str, Any]]]:
    """The nodes that are alive, with Ray initialised; it is shut down again if it was not before."""
    import ray

    before = ray.is_initialized()
    if not before:
        try:
            ray.init(address=address, logging_level=logging.WARNING)
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise _unreachable(address, error) from error
    try:
        yield [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    finally:
        if not before:
            ray.shutdown()


def _unreachable(address: str | None, error: Exception) -> WorkerDiedError:
    where = address or os.environ.get("RAY_ADDRESS") or "this machine"
    if "AuthToken" in f"{error} {error.__cause__}":
        return WorkerDiedError(
            f"The Ray cluster at {where} does not accept this machine's token, or wants one.",
            "Put the cluster's token into RAY_AUTH_TOKEN or ~/.ray/auth_token, and set RAY_AUTH_MODE=token.",
        )
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return WorkerDiedError(f"No Ray cluster answers at {where}: {first}", "Start one: ray start --head")


def _require_shared(order: WorkOrder, nodes: Sequence[Mapping[str, Any]]) -> None:
    others = {node["NodeManagerHostname"] for node in nodes} - {socket.gethostname()}
    if others and order.database_url.startswith("sqlite"):
        raise UsageError(
            f"The catalogue is a file of this machine, which {', '.join(sorted(others)[:3])} cannot reach.",
            "Set PRUNARIUM_DATABASE_URL=postgresql://…, and PRUNARIUM_BLOBS to a place that every node reaches.",
        )


def _said(resources: Mapping[str, float]) -> str:
    words = {"CPU": "CPUs", "GPU": "GPUs", "memory": "bytes of memory"}
    return ", ".join(f"{amount:,g} {words[name]}" for name, amount in resources.items())


EXECUTORS.register("ray")(RayCluster())
