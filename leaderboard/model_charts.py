"""What a model page draws of one model alone: its layers, and its accuracy under corruption."""

from collections.abc import Sequence

from registry.charts import LayerBar, corruption_heat_map, layer_sparsity_bars, reliability_diagram
from registry.plots import reliability_bins
from registry.records import CheckpointRecord, ResultRecord

from .catalogue import Catalogue


def layer_bars(checkpoint: CheckpointRecord | None) -> str:
    """Sparsity by layer; empty where nobody handed us bytes."""
    if checkpoint is None:
        return ""
    bars = [
        LayerBar(str(layer["name"]), layer["elements"], layer["nonzeros"])
        for layer in checkpoint.layers
        if layer["prunable"]
    ]
    return layer_sparsity_bars(bars, checkpoint.sparsity_prunable)


def heat_maps(catalogue: Catalogue, results: Sequence[ResultRecord]) -> tuple[str, ...]:
    """One per shifted task: its primary metric by corruption and severity."""
    maps = []
    for ref, shift in catalogue.shifts.items():
        task = catalogue.tasks[ref]
        values = {
            _condition(result.condition): result.value
            for result in results
            if result.task == ref
            and result.metric == task.primary_metric
            and result.value is not None
            and "/" in result.condition
        }
        if values:
            conditions = [_condition(condition) for condition in shift.conditions if "/" in condition]
            label = f"{task.title}: accuracy in %{', regenerated images' if shift.regenerated else ''}"
            maps.append(
                corruption_heat_map(
                    values,
                    list(dict.fromkeys(name for name, _ in conditions)),
                    sorted({severity for _, severity in conditions}),
                    label,
                )
            )
    return tuple(maps)


def reliability_diagrams(catalogue: Catalogue, results: Sequence[ResultRecord]) -> tuple[str, ...]:
    """One per task, protocol and seed whose results include the parts of the test set by confidence."""
    jobs: dict[tuple[str, str, int | None], list[ResultRecord]] = {}
    for result in results:
        jobs.setdefault((result.task, result.protocol, result.seed), []).append(result)
    return tuple(
        reliability_diagram(bins, f"{catalogue.tasks[task].title}: right in %, over confidence")
        for (task, _, _), found in jobs.items()
        if (bins := reliability_bins(found))
    )


def _condition(condition: str) -> tuple[str, int]:
    name, _, severity = condition.rpartition("/")
    return (name, int(severity)) if severity.isdigit() else (condition, 0)
