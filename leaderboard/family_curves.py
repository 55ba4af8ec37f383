"""Accuracy, calibration and likelihood over sparsity, for one network: one line a recipe, from its dense parent on."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from registry.plots import Plot, PlotInputs
from registry.plots.by_task import curves
from registry.records import ModelRecord

from .catalogue import Catalogue


def family_curves(catalogue: Catalogue, architecture: str, methods: Collection[str] | None = None) -> tuple[Plot, ...]:
    """On the models' own classes; of some ``methods`` beside the dense models, or of all. Labelled as on the board."""
    models = {
        name: replace(model, method=catalogue.method_title(model))
        for name, model in catalogue.models.items()
        if model.architecture == architecture
        and model.sparsity_target > 0
        and (methods is None or model.method in methods)
    }
    models |= {parent.name: parent for model in models.values() if (parent := catalogue.parent_of(model)) is not None}
    inputs = PlotInputs(
        results=[result for name in models for result in catalogue.results_of(name)],
        tasks=catalogue.tasks,
        shifts=catalogue.shifts,
        models=models,
    )
    return tuple(curves(inputs))


def points_of(plots: Sequence[Plot]) -> list[tuple[str, str, float, float, float | None, float | None]]:
    """What the curves draw, as rows: title, method, sparsity, value, ends of the interval."""
    return [
        (plot.title, line["method"], point["sparsity"], point["value"], point["low"], point["high"])
        for plot in plots
        for line in plot.data["lines"]
        for point in line["points"]
    ]


def children_of(catalogue: Catalogue, model: ModelRecord) -> dict[str, list[ModelRecord]]:
    """What was pruned from a model, by the method's title, the least sparse first; one replicate each."""
    found: dict[str, list[ModelRecord]] = {}
    for entry in catalogue.entries:
        mine = next((one for one in entry.models if (parent := catalogue.parent_of(one)) and parent is model), None)
        if mine is not None:
            found.setdefault(catalogue.method_title(mine), []).append(mine)
    return {title: sorted(models, key=lambda one: one.sparsity_target) for title, models in sorted(found.items())}
