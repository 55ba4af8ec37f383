"""All tasks, by kind."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.records import TaskRecord

from ..catalogue import Catalogue
from ..context import PageContext
from ..web import catalogue_of, render

router = APIRouter()

KINDS = {
    "transfer": "Transfer tasks",
    "upstream": "Upstream test sets",
    "shift": "Distribution shifts",
    "ood": "Out-of-distribution detection",
    "cost": "Cost",
}


@dataclass(frozen=True, kw_only=True)
class TaskLine:
    """A task and how many models have results on it."""

    ref: str
    task: TaskRecord
    metric: str
    models: int


@dataclass(frozen=True, kw_only=True)
class TasksContext(PageContext):
    """``groups`` maps a kind in words to its tasks."""

    template: ClassVar[str] = "tasks.html"

    groups: dict[str, list[TaskLine]]


@router.get("/tasks")
def show(request: Request) -> Response:
    """The listing."""
    return render(request, tasks_context(catalogue_of(request)))


def tasks_context(catalogue: Catalogue) -> TasksContext:
    """Every task version of the catalogue under its kind."""
    groups: dict[str, list[TaskLine]] = {}
    for kind, title in KINDS.items():
        for ref, task in catalogue.tasks.items():
            if task.kind == kind:
                metric = catalogue.metrics.get(task.primary_metric or "")
                models = len({result.model for result in catalogue.results_on(ref)})
                line = TaskLine(ref=ref, task=task, metric=metric.title if metric else "–", models=models)
                groups.setdefault(title, []).append(line)
    return TasksContext(title="Tasks", here="tasks", groups=groups)
