"""Which tasks can be measured without fetching anything."""

from benchmark.shifts import PublishedShift
from benchmark.tasks import OpenOodTask, SourcedManifest, Task, all_tasks


def bundled_tasks() -> list[Task]:
    """Every task and shift of the project whose images nobody has to fetch, those without images included."""
    return [
        task
        for task in all_tasks()
        if not isinstance(task, PublishedShift | OpenOodTask)
        and not any(isinstance(value, SourcedManifest) for value in vars(task).values())
    ]
