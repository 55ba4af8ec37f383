"""Two to five models side by side: what each is, how it did, and how it stands against one of them.

Pure: catalogue and rows in, values out. A model is one training run: its replicates are other models.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import hypot

from registry.differences import Difference, Verdict, paired_difference, verdict
from registry.records import CheckpointRecord, MetricRecord, ModelRecord, ResultRecord, TaskRecord

from .catalogue import Catalogue
from .compare_query import CompareQuery
from .compared_facts import FactRow, fact_rows
from .flipped import Flipped, Kept, flipped_images
from .formats import percent_of
from .results_table import ResultLine, half_width, result_lines
from .sides import metrics_of

CellKey = tuple[str, str, str, str]
"""Model, task, protocol, metric."""


@dataclass(frozen=True)
class Compared:
    """A model with the words for its column; ``runs`` counts the replicates that it is one of."""

    model: ModelRecord
    label: str
    runs: int
    checkpoint: CheckpointRecord | None


@dataclass(frozen=True)
class Held:
    """A value against the reference's: the difference with its interval, and how that was made.

    ``paired``: from resamples of the same images; else the two intervals were joined as if they were independent.
    """

    difference: Difference
    paired: bool


@dataclass(frozen=True)
class TaskRow:
    """One metric of one task by one protocol; ``lines`` and ``held`` are by model, where there are any."""

    task: TaskRecord
    ref: str
    protocol: str
    metric: MetricRecord
    metric_ref: str
    lines: Mapping[str, ResultLine]
    held: Mapping[str, Held]

    @property
    def is_primary(self) -> bool:
        """Whether the task is judged by this metric."""
        return self.task.primary_metric == self.metric_ref


@dataclass(frozen=True)
class MeanRow:
    """The mean over the transfer tasks that every model was measured on by one protocol.

    ``values`` are by model; ``differences`` (value, half width or None) against the reference. ``left_out`` names the
    tasks that some of them lack.
    """

    protocol: str
    title: str
    tasks: tuple[str, ...]
    left_out: tuple[str, ...]
    values: Mapping[str, float]
    differences: Mapping[str, tuple[float, float | None]]


@dataclass(frozen=True)
class Comparison:
    """Everything that stands on the page; ``reference`` is the name of the model that the others are held against.

    ``alone`` names the tasks that only one of the models has a value of.
    """

    query: CompareQuery
    models: tuple[Compared, ...]
    reference: str
    facts: tuple[FactRow, ...]
    means: tuple[MeanRow, ...]
    tasks: tuple[TaskRow, ...]
    flipped: tuple[Flipped, ...]
    alone: tuple[str, ...]

    @property
    def others(self) -> tuple[Compared, ...]:
        """All but the reference."""
        return tuple(one for one in self.models if one.model.name != self.reference)

    def verdicts(self, name: str) -> list[Verdict]:
        """What the tasks' primary metrics say of one model against the reference."""
        rows = [row.held[name].difference.verdict for row in self.tasks if row.is_primary and name in row.held]
        return [one for one in rows if one]


def cells_of(catalogue: Catalogue, models: Sequence[ModelRecord]) -> list[tuple[str, str, str]]:
    """(task, protocol, metric) of which some model has a whole value, in the order of kind, task and protocol."""
    kinds = ["upstream", "transfer", "shift", "ood", "cost"]
    whole = {
        (result.task, result.protocol, result.metric)
        for model in models
        for result in catalogue.results_of(model.name)
        if not result.condition
    }
    wanted = {ref: metrics_of(catalogue, catalogue.tasks[ref]) for ref in {task for task, _, _ in whole}}
    found = [cell for cell in whole if cell[2] in wanted[cell[0]]]
    return sorted(
        found,
        key=lambda cell: (
            kinds.index(catalogue.tasks[cell[0]].kind),
            cell[0],
            catalogue.protocols[cell[1]].kind != "linear",
            cell[1],
            cell[2] != catalogue.tasks[cell[0]].primary_metric,
            cell[2],
        ),
    )


def compare_models(
    catalogue: Catalogue,
    query: CompareQuery,
    models: Sequence[ModelRecord],
    checkpoints: Mapping[str, CheckpointRecord | None],
    rows: Mapping[CellKey, Sequence[ResultRecord]],
    kept: Kept,
) -> Comparison:
    """``rows`` are the whole-set results of :func:`cells_of`, read with their replicates; ``kept`` are their bits."""
    reference = query.against or next((one.name for one in models if one.sparsity_target == 0), models[0].name)
    compared = tuple(_compared(catalogue, models, one, checkpoints.get(one.name)) for one in models)
    names = [one.name for one in models]
    every = [_task_row(catalogue, cell, names, reference, rows) for cell in cells_of(catalogue, models)]
    shared = tuple(row for row in every if row.task.kind != "cost" and len(_valued(row)) > 1)
    shared_refs = {row.ref for row in shared}
    alone = dict.fromkeys(row.task.title for row in every if row.task.kind != "cost" and row.ref not in shared_refs)
    return Comparison(
        query=query,
        models=compared,
        reference=reference,
        facts=fact_rows(catalogue, models, checkpoints),
        means=_means(catalogue, every, names, reference),
        tasks=shared,
        flipped=tuple(
            one for row in shared if row.is_primary for one in _flipped(catalogue, row, reference, rows, kept)
        ),
        alone=tuple(alone),
    )


def _compared(
    catalogue: Catalogue, models: Sequence[ModelRecord], one: ModelRecord, checkpoint: CheckpointRecord | None
) -> Compared:
    """Named by method and sparsity; by more where that does not tell it from the others."""

    def short(model: ModelRecord) -> str:
        sparsity = f" {percent_of(model.sparsity_target)}" if model.sparsity_target else ""
        return f"{catalogue.method_title(model)}{sparsity}"

    def longer(model: ModelRecord) -> str:
        return f"{short(model)}, {catalogue.architecture_title(model.architecture)}"

    alike = [other for other in models if short(other) == short(one)]
    label = short(one) if len(alike) == 1 else longer(one)
    if sum(longer(other) == longer(one) for other in alike) > 1:
        label = one.name
    return Compared(one, label, len(catalogue.entry_of(one.name).models), checkpoint)


def _task_row(
    catalogue: Catalogue,
    cell: tuple[str, str, str],
    names: Sequence[str],
    reference: str,
    rows: Mapping[CellKey, Sequence[ResultRecord]],
) -> TaskRow:
    metric = catalogue.metrics[cell[2]]
    found = {name: rows[name, *cell] for name in names if rows.get((name, *cell))}
    lines = {name: result_lines(catalogue, results)[0] for name, results in found.items()}
    held = {
        name: _held(metric, cell[2], results, found[reference])
        for name, results in found.items()
        if name != reference and reference in found and _complete(results) and _complete(found[reference])
    }
    return TaskRow(catalogue.tasks[cell[0]], cell[0], cell[1], metric, cell[2], lines, held)


def _flipped(
    catalogue: Catalogue, row: TaskRow, reference: str, rows: Mapping[CellKey, Sequence[ResultRecord]], kept: Kept
) -> Iterable[Flipped]:
    """On tasks that are judged by an accuracy; not on shifts of many conditions, whose bits are not kept."""
    shift = catalogue.shifts.get(row.ref)
    if row.metric.unit != "fraction" or row.task.kind == "ood" or (shift is not None and any(shift.conditions)):
        return ()
    mine = {name: rows[name, row.ref, row.protocol, row.metric_ref] for name in row.lines}
    return flipped_images(row.task, row.ref, row.protocol, mine, reference, kept)


def _complete(rows: Sequence[ResultRecord]) -> bool:
    return all(row.value is not None for row in rows)


def _held(metric: MetricRecord, reference: str, first: Sequence[ResultRecord], second: Sequence[ResultRecord]) -> Held:
    found = paired_difference(metric, reference, first, second)
    if found.low is not None:
        return Held(found, paired=True)
    one, other = half_width(first, metric)[0], half_width(second, metric)[0]
    if one is None or other is None:
        return Held(found, paired=False)
    low, high = found.difference - hypot(one, other), found.difference + hypot(one, other)
    values = vars(found) | {"low": low, "high": high, "verdict": verdict(metric, low, high)}
    return Held(Difference(**values), paired=False)


def _valued(row: TaskRow) -> list[str]:
    return [name for name, line in row.lines.items() if line.value is not None]


def _means(catalogue: Catalogue, rows: Sequence[TaskRow], names: Sequence[str], reference: str) -> tuple[MeanRow, ...]:
    """One for each protocol with at least two tasks that all were measured on."""
    judged = [row for row in rows if row.task.kind == "transfer" and row.is_primary and row.metric.unit == "fraction"]
    means = []
    for protocol in dict.fromkeys(row.protocol for row in judged):
        mine = [row for row in judged if row.protocol == protocol]
        common = [row for row in mine if set(_valued(row)) == set(names)]
        if len(common) < 2:
            continue
        values = {name: _mean([row.lines[name].value for row in common]) for name in names}
        differences = {
            name: _mean_difference([row.held[name].difference for row in common]) for name in names if name != reference
        }
        titles, lacking = ([row.task.title for row in some] for some in (common, [r for r in mine if r not in common]))
        title = catalogue.protocols[protocol].title
        means.append(MeanRow(protocol, title, tuple(titles), tuple(lacking), values, differences))
    return tuple(means)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known)


def _mean_difference(differences: Sequence[Difference]) -> tuple[float, float | None]:
    """Half widths of different tasks' images are independent: they add up in squares."""
    halves = [(one.high - one.low) / 2 for one in differences if one.low is not None and one.high is not None]
    value = sum(one.difference for one in differences) / len(differences)
    return value, hypot(*halves) / len(halves) if len(halves) == len(differences) else None
