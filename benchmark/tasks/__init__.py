"""What can be measured on: one file per task; ``TASKS`` knows them by ``name@version``.

Distribution-shifted sets are tasks too and live in :mod:`benchmark.shifts`; :func:`find_task` looks in both.
"""

from zoo.core.plugins import Plugins

from ._kinds import CostTask, OodTask, Timing, TransferTask, UpstreamTask
from ._manifest import ImageManifest, Manifest, SplitFacts
from ._protocol import ImageSet, LabelledSet, Task
from ._sourced import DataSource, SourcedManifest

TASKS: Plugins[Task] = Plugins("task", __name__)

__all__ = [
    "TASKS",
    "CostTask",
    "DataSource",
    "ImageManifest",
    "ImageSet",
    "LabelledSet",
    "Manifest",
    "OodTask",
    "SourcedManifest",
    "SplitFacts",
    "Task",
    "Timing",
    "TransferTask",
    "UpstreamTask",
    "all_tasks",
    "find_task",
]


def all_tasks() -> list[Task]:
    """Every task and shift of the project, in alphabetical order of ``name@version``."""
    from ..shifts import SHIFTS

    entries: list[Task] = [task for _, task in TASKS.items()]
    entries += [shift for _, shift in SHIFTS.items()]
    return sorted(entries, key=lambda task: task.id)


def find_task(task_id: str) -> Task:
    """The task or shift called ``name@version``; raises :class:`~zoo.core.errors.UsageError` with the nearest name."""
    from ..shifts import SHIFTS

    return SHIFTS[task_id] if task_id in SHIFTS else TASKS[task_id]
