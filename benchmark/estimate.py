"""What planned evaluations will take, from what evaluations have taken here. Pure: no database, no clock.

For each device of the history::

    seconds(job) = median seconds of (task, protocol, architecture)                       if that was measured
                 = median over measured architectures a of seconds(a) · FLOPs / FLOPs(a)   if FLOPs are known
                 = unknown                                                                otherwise

FLOPs are those of the dense arithmetic, which is what is computed. A number that nobody measured is never made up: such
jobs are counted apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

from registry.queries import MeasuredCost

FORMULA = (
    "median seconds of the same task, protocol and architecture on the same device; "
    "of another architecture, times the ratio of dense FLOPs"
)


class Wanted(NamedTuple):
    """A job to come."""

    task: str
    protocol: str
    architecture: str
    flops: float | None


@dataclass(frozen=True)
class Estimate:
    """On ``device``: ``hours`` of the ``known`` jobs together; nothing is known of the other ``unknown`` ones."""

    device: str
    hours: float
    known: int
    unknown: int

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return asdict(self)


def estimates(wanted: Sequence[Wanted], history: Iterable[MeasuredCost]) -> list[Estimate]:
    """One for each device that anything was measured on, the one that knows most first."""
    found = [_estimate(device, wanted, costs) for device, costs in _by_device(history).items()]
    return sorted(found, key=lambda one: (one.unknown, one.device))


def expected_seconds(wanted: Sequence[Wanted], history: Sequence[MeasuredCost]) -> list[float | None]:
    """The seconds of each job on the device of which most is known; None where nothing is.

    >>> expected_seconds([Wanted("t@1", "p@1", "net", None)], [MeasuredCost("t@1", "p@1", "net", 2e9, "cpu", 10.0)])
    [10.0]
    """
    best = next(iter(estimates(wanted, history)), None)
    costs = [] if best is None else _by_device(history)[best.device]
    return [seconds_of(job, costs) for job in wanted]


def seconds_of(job: Wanted, costs: Sequence[MeasuredCost]) -> float | None:
    """By the module's formula; None where nothing is known.

    >>> seconds_of(Wanted("t@1", "p@1", "big", 4e9), [MeasuredCost("t@1", "p@1", "small", 2e9, "cpu", 10.0)])
    20.0
    """
    alike = [cost for cost in costs if (cost.task, cost.protocol) == (job.task, job.protocol)]
    same = [cost.seconds for cost in alike if cost.architecture == job.architecture]
    if same:
        return median(same)
    scaled = [cost.seconds * job.flops / cost.flops for cost in alike if job.flops and cost.flops]
    return median(scaled) if scaled else None


def _by_device(history: Iterable[MeasuredCost]) -> dict[str, list[MeasuredCost]]:
    found: dict[str, list[MeasuredCost]] = {}
    for cost in history:
        found.setdefault(cost.device, []).append(cost)
    return found


def _estimate(device: str, wanted: Sequence[Wanted], costs: Sequence[MeasuredCost]) -> Estimate:
    found = [seconds for job in wanted if (seconds := seconds_of(job, costs)) is not None]
    return Estimate(device, sum(found) / 3600, len(found), len(wanted) - len(found))
