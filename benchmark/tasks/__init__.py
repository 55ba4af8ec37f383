"""What can be measured on: one file per task; ``TASKS`` knows them by ``name@version``.

Distribution-shifted sets are tasks too and live in :mod:`benchmark.shifts`; :func:`find_task` looks in both.
"""

from zoo.core.plugins import Plugins

from ._brought import BroughtSets, BroughtTask
from ._kinds import CostTask, OodTask, Timing, TransferTask, UpstreamTask
from ._manifest import ImageManifest, Manifest, SplitFacts
from ._openood import OpenOodTask
from ._own import define_own_task, find_own_task, own_tasks
from ._protocol import ImageSet, LabelledSet, Task
from ._sourced import DataSource, SourcedManifest

TASKS: Plugins[Task] = Plugins("task", __name__)

__all__ = [
    "TASKS",
    "BroughtSets",
    "BroughtTask",
    "CostTask",
    "DataSource",
    "ImageManifest",
    "ImageSet",
    "LabelledSet",
    "Manifest",
    "OodTask",
    "OpenOodTask",
    "SourcedManifest",
    "SplitFacts",
    "Task",
    "Timing",
    "TransferTask",
    "UpstreamTask",
    "all_tasks",
    "find_task",
    "known_tasks",
]


def all_tasks() -> list[Task]:
    """Every task and shift of the project, in alphabetical order of ``name@version``."""
    from ..shifts import SHIFTS

    entries: list[Task] = [task for _, task in TASKS.items()]
    entries += [shift for _, shift in SHIFTS.items()]
    return sorted(entries, key=lambda task: task.id)


def known_tasks() -> list[Task]:
    """:func:`all_tasks`, and those that users of this machine defined from images of their own."""
    return [*all_tasks(), *own_tasks()]


def find_task(task_id: str) -> Task:
    """The task or shift called ``name@version``, or that of a user's own images (``folder:PATH``).

    Raises :class:`~zoo.core.errors.UsageError` with the nearest name.
    """
    from ..shifts import SHIFTS

    if ":" in task_id:
        return define_own_task(task_id)
    if (own := find_own_task(task_id)) is not None:
        return own
    return SHIFTS[task_id] if task_id in SHIFTS else TASKS[task_id]
