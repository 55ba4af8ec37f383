"""A model's results as lines of a table: value, interval, and the change against its dense parent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.cell_interval import IMAGES_AND_SEEDS, SEEDS, cell_interval
from registry.records import MetricRecord, ModelRecord, ResultRecord, TaskRecord

from .catalogue import Catalogue, Entry
from .changes import Change, mean_over_replicates, measured, task_change
from .facts import format_metric
from .formats import decimals_for, unit_of


@dataclass(frozen=True)
class ResultLine:
    """One metric of one model on one task by one protocol, seeds averaged.

    ``text`` and ``spread`` are in ``unit``; ``dense`` is the parent's value; ``change`` (in points of error, only for
    accuracies) compares the two. ``missing`` says why there is no value, ``how`` how the interval was made.
    """

    model: ModelRecord
    task: TaskRecord
    task_ref: str
    protocol: str
    metric: str
    metric_title: str
    unit: str
    value: float | None
    text: str
    spread: str
    missing: str | None
    dense: str
    change: Change | None
    n: int | None
    runs: int
    how: str
    trust: str
    source: str | None


def result_lines(catalogue: Catalogue, results: Sequence[ResultRecord]) -> list[ResultLine]:
    """Lines in the order of the results; the conditions of a shift are left to the heat map."""
    cells = {
        (result.model, result.task, result.protocol, result.metric): None for result in results if not result.condition
    }
    return [_line(catalogue, *cell) for cell in cells]


def entry_line(catalogue: Catalogue, entry: Entry, task: str, protocol: str, metric: str) -> ResultLine | None:
    """One line for a board row: of several replicates the mean, with Student's t interval; None without any result."""
    lines = [
        _line(catalogue, model.name, task, protocol, metric)
        for model in entry.models
        if _whole(catalogue, model.name, task, protocol, metric)
    ]
    if len(lines) < 2:
        return lines[0] if lines else None
    gap = next((line for line in lines if line.value is None), None)
    if gap is not None:
        return gap
    known = catalogue.metrics.get(metric)
    mean = mean_over_replicates([line.value for line in lines if line.value is not None])
    dense = [result for line in lines for result in _dense_results(catalogue, line.model, task, protocol, metric)]
    changes = [line.change.value for line in lines if line.change is not None]
    return replace(
        lines[0],
        value=mean.value,
        text=format_metric(mean.value, known, mean.half),
        spread=_spread(mean.half, known),
        dense=_dense_text(dense, known),
        change=mean_over_replicates(changes) if len(changes) == len(lines) else None,
        runs=len(lines),
        how=f"Student t over {len(lines)} runs",
    )


def _line(catalogue: Catalogue, name: str, task: str, protocol: str, metric_ref: str) -> ResultLine:
    model, metric = catalogue.models[name], catalogue.metrics.get(metric_ref)
    results = _whole(catalogue, name, task, protocol, metric_ref)
    dense = _dense_results(catalogue, model, task, protocol, metric_ref)
    first = results[0]
    values = [result.value for result in results if result.value is not None]
    value = sum(values) / len(values) if values else None
    half, how = half_width(results, metric)
    return ResultLine(
        model=model,
        task=catalogue.tasks[task],
        task_ref=task,
        protocol=protocol,
        metric=metric_ref,
        metric_title=metric.title if metric is not None else metric_ref,
        unit=unit_of(metric.unit) if metric is not None else "",
        value=value,
        text="–" if value is None else format_metric(value, metric, half),
        spread=_spread(half, metric),
        missing=None if value is not None else first.missing_reason,
        dense=_dense_text(dense, metric),
        change=_change(results, dense, metric),
        n=first.n,
        runs=sum(result.runs for result in results),
        how=how,
        trust=first.trust,
        source=first.source,
    )


def half_width(results: Sequence[ResultRecord], metric: MetricRecord | None) -> tuple[float | None, str]:
    """Half of the 95 % interval of a cell, and in words how it was made or why there is none."""
    found, reason = cell_interval(results, metric)
    if found is None:
        return None, reason or ""
    return (found.high - found.low) / 2, _in_words(found.method or "", len(results))


def _in_words(method: str, seeds: int) -> str:
    if method in (IMAGES_AND_SEEDS, SEEDS) and seeds > 1:
        return f"{seeds} seeds and the test images" if method == IMAGES_AND_SEEDS else f"Student t over {seeds} seeds"
    return method.replace("-", " ").replace("_", " ").replace("wilson", "Wilson")


def _dense_results(
    catalogue: Catalogue, model: ModelRecord, task: str, protocol: str, metric: str
) -> list[ResultRecord]:
    parent = catalogue.parent_of(model)
    return _whole(catalogue, parent.name, task, protocol, metric) if parent is not None else []


def _whole(catalogue: Catalogue, model: str, task: str, protocol: str, metric: str) -> list[ResultRecord]:
    return catalogue.whole_cell(model, task, protocol, metric)


def _spread(half: float | None, metric: MetricRecord | None) -> str:
    if half is None:
        return ""
    if metric is not None and metric.unit == "fraction":
        return f"±{half * 100:.{decimals_for(half * 100)}f}"
    return f"±{format_metric(half, metric, half)}"


def _dense_text(dense: Sequence[ResultRecord], metric: MetricRecord | None) -> str:
    values = [result.value for result in dense if result.value is not None]
    return format_metric(sum(values) / len(values), metric) if values else "–"


def _change(
    results: Sequence[ResultRecord], dense: Sequence[ResultRecord], metric: MetricRecord | None
) -> Change | None:
    """In points of error, for metrics that are shares of right answers."""
    if metric is None or metric.unit != "fraction" or metric.direction != "higher":
        return None
    ours, theirs = measured(results), measured(dense)
    return task_change(ours, theirs, "points") if ours is not None and theirs is not None else None
