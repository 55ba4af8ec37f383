"""One side of a board (frozen, or fine-tuned) for one checkpoint: its change per task and over the suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from registry.records import ModelRecord, ResultRecord, TaskRecord
from registry.statistics import mean_log_odds

from .catalogue import Catalogue, Entry
from .changes import Change, Measured, Unit, mean_over_replicates, mean_over_tasks, measured, task_change
from .formats import decimals_for, signed

PRINTED_TASKS = 4  # a ratio of errors is averaged over at least this many tasks; below, percentage points are shown
_Key = tuple[str, str]  # (model, task)


@dataclass(frozen=True)
class TaskColumn:
    """A task of the suite under one protocol; ``ref`` is ``name@version``."""

    task: TaskRecord
    ref: str
    protocol: str
    metric: str


@dataclass(frozen=True)
class Side:
    """All transfer tasks of a suite under one kind of protocol."""

    kind: str
    title: str
    short: str
    columns: tuple[TaskColumn, ...]

    @property
    def unit(self) -> Unit:
        """A relative change over many tasks; percentage points where a ratio to one small error would say little."""
        return "%" if len(self.columns) >= PRINTED_TASKS else "points"


@dataclass(frozen=True)
class TaskCell:
    """One task of one checkpoint: the change, or the reason why there is none."""

    name: str
    change: Change | None
    missing: str | None
    unit: Unit

    @property
    def text(self) -> str:
        """The cell in words."""
        if self.change is None:
            return f"{self.name}: {self.missing}"
        unit, half = "% error" if self.unit == "%" else "points of error", self.change.half
        if half is None:
            return f"{self.name}: {signed(self.change.value)} {unit} (no interval)"
        digits = decimals_for(half)
        return f"{self.name}: {signed(self.change.value, digits)} ±{half:.{digits}f} {unit}"


@dataclass(frozen=True)
class SideCell:
    """What a row shows for one side: the mean over a complete set of tasks, or why there is none.

    ``log_odds`` is the mean of log(a / (1 - a)) of the accuracies over such a set, which may order models otherwise.
    """

    change: Change | None
    missing: str | None
    median: float | None
    error: float | None
    tasks: tuple[TaskCell, ...]
    trust: tuple[str, ...]
    log_odds: float | None = None
    is_yardstick: bool = False

    @property
    def text(self) -> str:
        """The value with as many digits as its interval earns."""
        return "–" if self.change is None else signed(self.change.value, decimals_for(self.change.half))

    @property
    def spread(self) -> str:
        """``±`` and the half width, or why there is none."""
        if self.change is None:
            return self.missing or "not measured"
        if self.change.half is None:
            return "no interval"
        return f"±{self.change.half:.{decimals_for(self.change.half)}f}"


def side_cell(catalogue: Catalogue, entry: Entry, side: Side, trusted: Sequence[str] | None) -> SideCell:
    """The cell of ``entry``; ``trusted`` limits the results of the checkpoint (not of the yardstick)."""
    found = {
        (model.name, column.ref): _trusted(_results(catalogue, model, column), trusted)
        for model in entry.models
        for column in side.columns
    }
    trust = tuple(sorted({result.trust for results in found.values() for result in results}))
    errors = {key: measured(results) for key, results in found.items()}
    known = [one.error for one in errors.values() if one is not None]
    error = sum(known) / len(known) if len(known) == len(found) and known else None
    if entry.is_dense:
        return SideCell(None, None, None, error, (), trust, _log_odds(entry, side, errors), is_yardstick=True)
    per_model = [_model_cells(catalogue, model, side, found, errors) for model in entry.models]
    tasks = tuple(_over_replicates([cells[index] for cells in per_model]) for index in range(len(side.columns)))
    missing = [cell for cell in tasks if cell.change is None]
    if missing or not tasks:
        return SideCell(None, _why_missing(missing, tasks), None, error, tasks, trust)
    return SideCell(_suite_change(per_model), None, _median(tasks), error, tasks, trust, _log_odds(entry, side, errors))


def _log_odds(entry: Entry, side: Side, errors: Mapping[_Key, Measured | None]) -> float | None:
    """Over tasks and replicates; None where one of them is missing, or right on all of an unknown number of images."""
    accuracies, sizes = [], []
    for model in entry.models:
        for column in side.columns:
            one = errors[model.name, column.ref]
            if one is None:
                return None
            accuracies.append(1 - one.error)
            sizes.append(column.task.n_test)
    if not accuracies or any(a in (0.0, 1.0) and n is None for a, n in zip(accuracies, sizes, strict=True)):
        return None
    return mean_log_odds(accuracies, sizes)


def _model_cells(
    catalogue: Catalogue,
    model: ModelRecord,
    side: Side,
    found: Mapping[_Key, list[ResultRecord]],
    errors: Mapping[_Key, Measured | None],
) -> list[TaskCell]:
    parent = catalogue.parent_of(model)
    yardstick = _yardstick(catalogue, parent, side) if parent is not None else [None] * len(side.columns)
    keys = [(model.name, column.ref) for column in side.columns]
    return [
        _task_cell(column, found[key], errors[key], dense, side.unit)
        for column, key, dense in zip(side.columns, keys, yardstick, strict=True)
    ]


def _yardstick(catalogue: Catalogue, parent: ModelRecord, side: Side) -> list[Measured | None]:
    """The dense parent's errors, column by column: worked out once for all that were pruned from it."""
    cells = tuple((one.ref, one.protocol, one.metric) for one in side.columns)
    return catalogue.derived(
        ("yardstick", parent.name, cells), lambda: [measured(_results(catalogue, parent, one)) for one in side.columns]
    )


def _task_cell(
    column: TaskColumn, results: list[ResultRecord], sparse: Measured | None, dense: Measured | None, unit: Unit
) -> TaskCell:
    name = column.task.name
    if sparse is None:
        reasons = [result.missing_reason for result in results if result.missing_reason]
        return TaskCell(name, None, reasons[0] if reasons else "not measured", unit)
    if dense is None:
        return TaskCell(name, None, "the dense parent has no numbers here", unit)
    change = task_change(sparse, dense, unit)
    return TaskCell(name, change, None if change else "the dense error is 0", unit)


def _over_replicates(cells: list[TaskCell]) -> TaskCell:
    """One task's cell for a group of replicates: missing if one of them is."""
    if len(cells) == 1:
        return cells[0]
    changes = [cell.change for cell in cells if cell.change is not None]
    if len(changes) < len(cells):
        return next(cell for cell in cells if cell.change is None)
    return TaskCell(cells[0].name, mean_over_replicates([one.value for one in changes]), None, cells[0].unit)


def _suite_change(per_model: list[list[TaskCell]]) -> Change:
    means = [mean_over_tasks([cell.change for cell in cells if cell.change is not None]) for cells in per_model]
    return means[0] if len(means) == 1 else mean_over_replicates([mean.value for mean in means])


def _median(tasks: tuple[TaskCell, ...]) -> float | None:
    if len(tasks) < PRINTED_TASKS:
        return None
    return median(cell.change.value for cell in tasks if cell.change is not None)


def _why_missing(missing: list[TaskCell], tasks: tuple[TaskCell, ...]) -> str:
    if not tasks:
        return "this suite has no such task"
    if len(missing) == len(tasks):
        return missing[0].missing or "not measured"
    names = ", ".join(cell.name for cell in missing)
    return f"no mean over an incomplete set: {names} missing"


def _results(catalogue: Catalogue, model: ModelRecord, column: TaskColumn) -> list[ResultRecord]:
    return catalogue.whole_cell(model.name, column.ref, column.protocol, column.metric)


def _trusted(results: list[ResultRecord], trusted: Sequence[str] | None) -> list[ResultRecord]:
    return results if trusted is None else [result for result in results if result.trust in trusted]
