"""What a task can tell apart: the smallest difference of accuracies that its images, and so many seeds, resolve."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median, variance

from .records import MetricRecord, ResultRecord, TaskRecord
from .statistics import paired_resolution, unpaired_resolution

SEEDS = (1, 3, 5)
ASSUMED_ACCURACY = 0.8


@dataclass(frozen=True)
class Resolution:
    """Of a task by a protocol with ``seeds`` runs a model; differences are fractions, 1.0 where none is resolved.

    ``accuracy`` is the median of the catalogue's models, or assumed (``measured`` is false). ``seed_std`` is the spread
    from seed to seed, pooled over models; None where no model has several. ``paired`` is between two models on these
    images, if exactly one of them is right on ``disagreement`` of them: half of the errors, unless it is known better
    (``prunarium compare`` says it of a pair). ``unpaired`` is against a number of which the images are not known.
    """

    task: str
    protocol: str | None
    n: int
    seeds: int
    accuracy: float
    measured: bool
    disagreement: float
    seed_std: float | None
    unpaired: float
    paired: float


def resolutions(
    tasks: Mapping[str, TaskRecord],
    metrics: Mapping[str, MetricRecord],
    results: Iterable[ResultRecord],
    seeds: Sequence[int] = SEEDS,
    assumed_accuracy: float = ASSUMED_ACCURACY,
) -> list[Resolution]:
    """For every task that is judged by an accuracy, and every protocol that it was measured by."""
    rows: dict[tuple[str, str], list[ResultRecord]] = {}
    for row in results:
        if (
            not row.condition
            and row.value is not None
            and row.task in tasks
            and row.metric == tasks[row.task].primary_metric
        ):
            rows.setdefault((row.task, row.protocol), []).append(row)
    found = []
    for name, task in sorted(tasks.items()):
        metric = metrics.get(task.primary_metric or "")
        if metric is None or metric.unit != "fraction" or metric.direction != "higher" or not task.n_test:
            continue
        protocols: list[str | None] = [*sorted(protocol for known, protocol in rows if known == name)] or [None]
        for protocol in protocols:
            here = rows[name, protocol] if protocol is not None else []
            found += [_resolution(name, protocol, task.n_test, here, count, assumed_accuracy) for count in seeds]
    return found


def _resolution(
    task: str, protocol: str | None, n: int, rows: Sequence[ResultRecord], seeds: int, assumed: float
) -> Resolution:
    values = [row.value for row in rows if row.value is not None]
    accuracy = median(values) if values else assumed
    disagreement, spread = (1 - accuracy) / 2, _seed_std(rows)
    return Resolution(
        task=task,
        protocol=protocol,
        n=n,
        seeds=seeds,
        accuracy=accuracy,
        measured=bool(values),
        disagreement=disagreement,
        seed_std=spread,
        unpaired=unpaired_resolution(accuracy, n),
        paired=paired_resolution(disagreement, n, seeds=seeds, seed_std=spread or 0.0),
    )


def _seed_std(rows: Sequence[ResultRecord]) -> float | None:
    """The standard deviation from seed to seed, its squares averaged over models."""
    by_model: dict[str, list[float]] = {}
    for row in rows:
        if row.value is not None:
            by_model.setdefault(row.model, []).append(row.value)
    squares = [variance(values) for values in by_model.values() if len(values) > 1]
    squares += [row.std**2 for row in rows if row.std is not None and row.runs > 1]
    return sqrt(fmean(squares)) if squares else None
