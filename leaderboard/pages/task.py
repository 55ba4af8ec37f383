"""One task: what it is, and how every checkpoint did on it."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.charts import whisker_header
from registry.records import MetricRecord, ShiftRecord, TaskRecord

from ..calibration import CalibrationPair, gaps, task_pairs
from ..catalogue import Catalogue
from ..context import PageContext
from ..drawing import points_scale, points_whisker
from ..errors import NotFoundError
from ..resolved import resolved_sentences
from ..results_table import ResultLine, entry_line
from ..web import catalogue_of, render
from .tasks import KINDS

router = APIRouter()

# An architecture with fewer results by a protocol has no table of its own beside others like it.
_FEW = 4


@dataclass(frozen=True)
class TaskBoard:
    """Results by one protocol and architecture: the best first, the dense parent marked.

    ``mixed``: architectures with few results stand in one table, and each line names its own.
    """

    protocol: str
    architecture: str
    lines: list[ResultLine]
    mixed: bool = False


@dataclass(frozen=True, kw_only=True)
class TaskContext(PageContext):
    """The page of a task. ``whiskers`` maps (model, protocol) to the drawing of its change in points of error on
    ``axis``; ``methods`` a model to the title of its method, ``architectures`` to that of its
    architecture, ``keys`` to what its line stands for (replicates are one);
    ``calibration`` has pairs before and after temperature scaling by architecture, row and metric,
    ``gaps`` why some are missing; ``resolved`` says, by protocol, which differences the images tell apart."""

    template: ClassVar[str] = "task.html"

    ref: str
    task: TaskRecord
    kind: str
    metric: MetricRecord | None
    shift: ShiftRecord | None
    suites: tuple[str, ...]
    boards: tuple[TaskBoard, ...]
    whiskers: dict[tuple[str, str], str]
    axis: str
    methods: dict[str, str]
    architectures: dict[str, str]
    keys: dict[str, str]
    calibration: dict[str, list[list[CalibrationPair]]]
    gaps: list[str]
    resolved: tuple[str, ...]
    json: str


@router.get("/tasks/{ref}")
def show(request: Request, ref: str) -> Response:
    """The page of a ``name@version``."""
    catalogue = catalogue_of(request)
    if ref not in catalogue.tasks:
        near = get_close_matches(ref, catalogue.tasks, n=3, cutoff=0.4)
        raise NotFoundError(
            f"There is no task {ref!r}.", f"Perhaps {', '.join(near)}?" if near else "All tasks are listed at /tasks."
        )
    return render(request, task_context(catalogue, ref))


def task_context(catalogue: Catalogue, ref: str) -> TaskContext:
    """Everything the page shows."""
    task = catalogue.tasks[ref]
    metric = catalogue.metrics.get(task.primary_metric or "")
    boards, calibration = _boards(catalogue, ref, task), task_pairs(catalogue, ref)
    return TaskContext(
        title=task.title,
        here="tasks",
        ref=ref,
        task=task,
        kind=KINDS[task.kind],
        metric=metric,
        shift=catalogue.shifts.get(ref),
        suites=tuple(
            name
            for name, suite in catalogue.suites.items()
            if any(cell["task"] == ref for cell in suite.content["cells"])
        ),
        boards=boards,
        whiskers={
            (line.model.name, line.protocol): points_whisker(line.change)
            for board in boards
            for line in board.lines
            if line.change is not None
        },
        axis=whisker_header(points_scale()),
        methods={line.model.name: catalogue.method_title(line.model) for one in boards for line in one.lines},
        architectures={
            line.model.name: catalogue.architecture_title(line.model.architecture)
            for one in boards
            for line in one.lines
        },
        calibration=calibration,
        gaps=gaps(calibration),
        resolved=resolved_sentences(catalogue, ref),
        keys={line.model.name: catalogue.entry_of(line.model.name).key for one in boards for line in one.lines},
        json=f"/api/v1/results?task={ref}",
    )


def _boards(catalogue: Catalogue, ref: str, task: TaskRecord) -> tuple[TaskBoard, ...]:
    """One per protocol and architecture, frozen before fine-tuned; replicates are one line."""
    metric = catalogue.metrics.get(task.primary_metric or "")
    if metric is None or task.primary_metric is None:
        return ()
    results = [result for result in catalogue.results_on(ref) if result.metric == task.primary_metric]
    groups: dict[tuple[str, str], list[ResultLine]] = {}
    for protocol in sorted({result.protocol for result in results}, key=lambda one: _order(catalogue, one)):
        entries = {entry.key: entry for one in results if (entry := catalogue.entry_of(one.model))}
        for entry in entries.values():
            line = entry_line(catalogue, entry, ref, protocol, task.primary_metric)
            if line is not None:
                groups.setdefault((protocol, line.model.architecture), []).append(line)
    higher = metric.direction == "higher"
    boards: list[TaskBoard] = []
    for protocol in dict.fromkeys(protocol for protocol, _ in groups):
        title = catalogue.protocols[protocol].title
        mine = {architecture: lines for (one, architecture), lines in groups.items() if one == protocol}
        small = [architecture for architecture, lines in mine.items() if len(lines) < _FEW]
        if len(small) > 1:
            mixed = [line for architecture in small for line in mine.pop(architecture)]
            boards.append(TaskBoard(title, f"{len(small)} architectures", _best_first(mixed, higher), mixed=True))
        boards += [
            TaskBoard(title, catalogue.architecture_title(architecture), _best_first(lines, higher))
            for architecture, lines in mine.items()
        ]
    return tuple(boards)


def _best_first(lines: list[ResultLine], higher: bool) -> list[ResultLine]:
    return sorted(lines, key=lambda line: _place(line.value, higher))


def _order(catalogue: Catalogue, protocol: str) -> tuple[int, str]:
    return ["as_published", "linear", "full"].index(catalogue.protocols[protocol].kind), protocol


def _place(value: float | None, higher_is_better: bool) -> tuple[bool, float]:
    """Missing values last."""
    return value is None, 0.0 if value is None else -value if higher_is_better else value
