"""What models are, side by side: sparsity, bytes, operations, latency, training. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from registry.records import CheckpointRecord, ModelRecord

from .catalogue import Catalogue
from .facts import Fact, format_metric
from .formats import bytes_of, count_of, large, percent, percent_of, unit_of
from .results_table import half_width

_NO_BYTES = "nobody handed us the bytes"


@dataclass(frozen=True)
class FactRow:
    """One fact of every model, by its name."""

    title: str
    cells: Mapping[str, Fact]


def fact_rows(
    catalogue: Catalogue, models: Sequence[ModelRecord], checkpoints: Mapping[str, CheckpointRecord | None]
) -> tuple[FactRow, ...]:
    """Facts that at least one of the models has, then each metric of what running them costs."""

    def stated(read: Callable[[ModelRecord], float | None], text: Callable[[float], str]) -> dict[str, Fact]:
        return {one.name: _fact(read(one), text, "not stated") for one in models}

    def counted(read: Callable[[CheckpointRecord], float | None], text: Callable[[float], str]) -> dict[str, Fact]:
        return {
            one.name: _fact(read(found), text, "not counted")
            if (found := checkpoints.get(one.name)) is not None
            else Fact(None, "–", "", _NO_BYTES)
            for one in models
        }

    made = {
        "Sparsity, target": stated(lambda one: one.sparsity_target, percent_of),
        "Sparsity, measured, %": counted(lambda one: one.sparsity_prunable, lambda value: percent(value, 2)),
        "Non-zero weights": counted(lambda one: one.nonzeros, count_of),
        "FLOPs per image, zeros skipped": counted(lambda one: one.flops_sparse, large),
        "Bytes, dense": counted(lambda one: one.bytes_dense, bytes_of),
        "Bytes, smallest file": {
            one.name: _fact(catalogue.sizes.get(one.name), bytes_of, "no file is published") for one in models
        },
        **_costs(catalogue, models),
        "Upstream top-1, stated, %": stated(lambda one: one.upstream_top1, percent),
        "Training epochs": stated(lambda one: one.training_epochs, "{:.4g}".format),
        "Training FLOPs": stated(lambda one: one.training_flops, large),
    }
    return tuple(
        FactRow(title, cells) for title, cells in made.items() if any(not one.missing for one in cells.values())
    )


def _costs(catalogue: Catalogue, models: Sequence[ModelRecord]) -> dict[str, dict[str, Fact]]:
    cells = dict.fromkeys(
        (result.task, result.protocol, result.metric)
        for model in models
        for result in catalogue.results_of(model.name)
        if catalogue.tasks[result.task].kind == "cost" and not result.condition and result.metric in catalogue.metrics
    )
    rows = {}
    for task, protocol, metric_ref in cells:
        metric = catalogue.metrics[metric_ref]
        unit = unit_of(metric.unit)
        title = f"{metric.title}{f', {unit}' if unit else ''}"
        rows[title] = {model.name: _cost(catalogue, model.name, task, protocol, metric_ref) for model in models}
    return rows


def _cost(catalogue: Catalogue, model: str, task: str, protocol: str, metric_ref: str) -> Fact:
    results, metric = catalogue.whole_cell(model, task, protocol, metric_ref), catalogue.metrics[metric_ref]
    values = [result.value for result in results if result.value is not None]
    if not values:
        reason = next((result.missing_reason for result in results if result.missing_reason), "not measured")
        return Fact(None, "–", "", reason)
    value, (half, _) = sum(values) / len(values), half_width(results, metric)
    return Fact(value, format_metric(value, metric, half), f"±{format_metric(half, metric, half)}" if half else "")


def _fact(value: float | None, text: Callable[[float], str], missing: str) -> Fact:
    return Fact(None, "–", "", missing) if value is None else Fact(value, text(value), "")
