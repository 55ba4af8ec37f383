"""Values that gave their place to newer ones: nothing is overwritten, and a page shows both. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.records import ResultRecord, TaskRecord

from .catalogue import Catalogue
from .facts import format_metric


@dataclass(frozen=True)
class Former:
    """A value that is no longer the current one, beside the one that is; texts in the metric's unit.

    ``now`` is empty where nothing took its place: then ``why`` says that the checkpoint itself is a former one.
    """

    task: TaskRecord
    ref: str
    protocol: str
    metric: str
    value: str
    recorded_us: int
    now_metric: str
    now: str
    why: str


def former_values(catalogue: Catalogue, results: Sequence[ResultRecord]) -> tuple[Former, ...]:
    """Of all results that a model ever had, those that are not current, the newest first."""
    by_id = {result.id: result for result in results}
    current = {result.id for model in {one.model for one in results} for result in catalogue.results_of(model)}
    found = [
        _former(catalogue, result, by_id.get(result.superseded_by) if result.superseded_by is not None else None)
        for result in results
        if result.id not in current and result.task in catalogue.tasks
    ]
    return tuple(sorted(found, key=lambda one: (-one.recorded_us, one.ref, one.metric)))


def _former(catalogue: Catalogue, old: ResultRecord, new: ResultRecord | None) -> Former:
    return Former(
        task=catalogue.tasks[old.task],
        ref=old.task,
        protocol=old.protocol,
        metric=old.metric,
        value=_text(catalogue, old),
        recorded_us=old.created_us,
        now_metric=new.metric if new is not None else "",
        now=_text(catalogue, new) if new is not None else "",
        why="a newer version took its place" if old.superseded_by is not None else "of a former checkpoint",
    )


def _text(catalogue: Catalogue, result: ResultRecord) -> str:
    if result.value is None:
        return result.missing_reason or "–"
    return format_metric(result.value, catalogue.metrics.get(result.metric))
