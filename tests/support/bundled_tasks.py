"""The tasks whose images come with the packages: they can be run anywhere."""

from benchmark.tasks import SourcedManifest, Task, all_tasks


def bundled_tasks() -> list[Task]:
    """Every task and shift of the project whose images nobody has to fetch, those without images included."""
    return [
        task for task in all_tasks() if not any(isinstance(value, SourcedManifest) for value in vars(task).values())
    ]
