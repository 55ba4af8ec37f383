"""The numbers that a card leads with: one per task and protocol, over all seeds. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final

from .cell_interval import cell_interval
from .records import MetricRecord, ProtocolRecord, ResultRecord, TaskRecord
from .report import Headline

# In this order on the card. What a model costs depends on the machine and is no headline.
_KINDS: Final = ("upstream", "transfer", "shift", "ood")


@dataclass(frozen=True, kw_only=True)
class Plugins:
    """What the catalogue knows of tasks, protocols and metrics, by ``name@version``."""

    tasks: Mapping[str, TaskRecord] = field(default_factory=dict)
    protocols: Mapping[str, ProtocolRecord] = field(default_factory=dict)
    metrics: Mapping[str, MetricRecord] = field(default_factory=dict)


def headlines(results: Iterable[ResultRecord], plugins: Plugins) -> list[Headline]:
    """The primary metric of each task by each protocol, apart for each kind of trust and each source."""
    groups: dict[tuple[int, str, str, str, str], list[ResultRecord]] = {}
    for result in results:
        task = plugins.tasks.get(result.task)
        if task is None or task.kind not in _KINDS or result.metric != task.primary_metric or result.condition:
            continue
        key = (_KINDS.index(task.kind), result.task, result.protocol, result.trust, result.source or "")
        groups.setdefault(key, []).append(result)
    return [_headline(groups[key], plugins) for key in sorted(groups)]


def _headline(rows: Sequence[ResultRecord], plugins: Plugins) -> Headline:
    first, task = rows[0], plugins.tasks[rows[0].task]
    protocol, metric = plugins.protocols.get(first.protocol), plugins.metrics.get(first.metric)
    values = [row.value for row in rows if row.value is not None]
    interval, why = cell_interval(rows, metric)
    dataset = _dataset(task)
    return Headline(
        task=first.task,
        task_title=task.title,
        kind=task.kind,
        protocol=first.protocol,
        protocol_title=protocol.title if protocol else first.protocol,
        metric=first.metric,
        metric_title=metric.title if metric else first.metric,
        unit=metric.unit if metric else None,
        value=fmean(values) if values else None,
        missing_reason=None if values else next((row.missing_reason for row in rows), None),
        interval=interval,
        no_interval_reason=why,
        seeds=tuple(sorted(row.seed for row in rows if row.seed is not None)),
        n=first.n,
        trust=first.trust,
        source=first.source,
        dataset_id=dataset.get("id"),
        dataset_task=dataset.get("task_id"),
        dataset_revision=dataset.get("revision"),
    )


def _dataset(task: TaskRecord) -> Mapping[str, Any]:
    """The task's images among the Hub's datasets: the block ``hub`` of its data in the manifest, empty without one.

    ``{"id": "org/name", "task_id": "default", "revision": "<40 hex digits>"}``, the last two optional.
    """
    data = task.manifest.get("data")
    block = data.get("hub") if isinstance(data, Mapping) else None
    return block if isinstance(block, Mapping) else {}
