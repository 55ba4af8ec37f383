"""The images before corruption: those of the source task's test split, by the names that corrupted sets call them."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import DataNotFetchedError, UnverifiedDataError
from ..tasks import TASKS, ImageSet
from ..tasks._kinds import ClassificationTask
from ._layout import class_names

NAME = re.compile(r"ILSVRC2012_val_\d{8}")


def clean_set(source_task: str, label_space: Sequence[int] | None) -> ImageSet | None:
    """ImageNet's validation images, or None where nobody has fetched and pinned them, or they have no file names.

    Rows of a hub and members of shards have none, and without them nobody knows which image is which corrupted one.
    Labels are positions in ``label_space``. Raises
    :class:`~benchmark.errors.ManifestError` for a copy that has changed.
    """
    from zoo.errors import DataMissingError

    task = TASKS[source_task]
    if not isinstance(task, ClassificationTask):
        return None
    try:
        split = task.data.split("test")
    except (DataNotFetchedError, UnverifiedDataError, DataMissingError):
        return None
    places = {name: place for place, name in enumerate(class_names(False, label_space))}
    classes = [task.data.class_names[label] for label in split.labels]
    files = [NAME.search(Path(split.images.name(row)).name) for row in range(len(split.labels))]  # type: ignore[attr-defined]
    if not places.keys() >= set(classes) or None in files:
        return None
    ids = tuple(f"{name}/{file.group()}" for name, file in zip(classes, files, strict=True) if file is not None)
    return ImageSet(split.images, np.array([places[name] for name in classes], dtype=np.int64), ids)
