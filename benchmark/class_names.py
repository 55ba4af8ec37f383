"""What the classes of a task are called."""

from zoo.core.errors import UsageError
from zoo.core.imagenet_classes import imagenet_classes, wordnet_ids

from .shifts import ShiftTask
from .tasks import Task, find_task
from .tasks._kinds import ClassificationTask


def class_names(task_id: str) -> tuple[str, ...] | None:
    """The names of a task's classes in the order of their numbers, ImageNet's with a word.

    None where its metadata have none, and for a task that this version of Prunarium does not know.

    >>> class_names("digits-5-9@1")
    ('5', '6', '7', '8', '9')
    """
    try:
        task = find_task(task_id)
        if isinstance(task, ShiftTask) and not isinstance(task, ClassificationTask):
            task = find_task(task.source_task)
    except UsageError:
        return None
    return _names(task)


def _names(task: Task) -> tuple[str, ...] | None:
    if not isinstance(task, ClassificationTask):
        return None
    names = tuple(task.data.class_names)
    if names != wordnet_ids():
        return names
    return tuple(f"{wordnet_id} {words.partition(',')[0]}" for wordnet_id, words in imagenet_classes())
