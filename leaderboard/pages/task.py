"""One task: what it is, and how every checkpoint did on it."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.charts import whisker_header
from registry.records import MetricRecord, ShiftRecord, TaskRecord

from ..catalogue import Catalogue
from ..context import PageContext
from ..drawing import points_scale, points_whisker
from ..errors import NotFoundError
from ..results_table import ResultLine, result_lines
from ..web import catalogue_of, render
from .tasks import KINDS

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class TaskBoard:
    """Results by one protocol and architecture: the best first, the dense parent marked."""

    protocol: str
    architecture: str
    lines: list[ResultLine]


@dataclass(frozen=True, kw_only=True)
class TaskContext(PageContext):
    """The page of a task. ``whiskers`` maps (model, protocol) to the drawing of its change in points of error."""

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
    wanted = [result for result in catalogue.results_on(ref) if result.metric == task.primary_metric]
    groups: dict[tuple[str, str], list[ResultLine]] = {}
    for line in result_lines(catalogue, wanted):
        known = catalogue.architectures.get(line.model.architecture)
        title = known.title if known is not None else line.model.architecture
        groups.setdefault((catalogue.protocols[line.protocol].title, title), []).append(line)
    worst_first = metric is not None and metric.direction == "higher"
    boards = tuple(
        TaskBoard(
            protocol=protocol,
            architecture=architecture,
            lines=sorted(lines, key=lambda line: _place(line.value, worst_first)),
        )
        for (protocol, architecture), lines in groups.items()
    )
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
        json=f"/api/v1/results?task={ref}",
    )


def _place(value: float | None, higher_is_better: bool) -> tuple[bool, float]:
    """Missing values last."""
    return value is None, 0.0 if value is None else -value if higher_is_better else value
