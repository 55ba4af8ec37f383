"""A user's own images as a task: ``folder:PATH`` (or any other address of :mod:`zoo.data`).

The task is defined once from what is there (classes, sizes, hash) and kept in ``PRUNARIUM_HOME/tasks``, so that other
processes find it by its ``name@version``. The version is the hash's beginning: other images are another task.
"""

import json
import re
from pathlib import Path
from typing import Any

from zoo.core.canonical import canonical_json
from zoo.core.errors import PrunariumError
from zoo.core.files import write_bytes
from zoo.core.home import home_folder

from ._kinds import TransferTask
from ._manifest import ImageManifest, SplitFacts

VALIDATION_FRACTION = 0.1


def define_own_task(spec: str) -> TransferTask:
    """The task of the images at ``spec``; every image is read once for the hash.

    Raises whatever :func:`zoo.data.load_data` raises for images that are not there or not laid out.
    """
    from zoo.data import load_data

    data = load_data(spec)
    document = {
        "name": f"own-{re.sub(r'[^a-z0-9]+', '-', data.name.lower()).strip('-') or 'images'}",
        "spec": data.spec,
        "sha256": data.sha256,
        "title": data.name,
        "class_names": list(data.class_names),
        "splits": {name: list(split.histogram(len(data.class_names))) for name, split in data.splits.items()},
        "licence": data.licence,
        "citation": data.citation,
    }
    task = _task(document)
    write_bytes(_folder() / f"{task.id}.json", canonical_json(document))
    return task


def own_tasks() -> list[TransferTask]:
    """The tasks that were defined on this machine; raises :class:`PrunariumError` for a file that cannot be read."""
    return [_read(path) for path in sorted(_folder().glob("*.json"))]


def find_own_task(task_id: str) -> TransferTask | None:
    """The task called ``name@version``, if it was defined on this machine."""
    path = _folder() / f"{task_id}.json"
    return _read(path) if re.fullmatch(r"own-[a-z0-9-]+@[0-9a-f]{12}", task_id) and path.exists() else None


def _read(path: Path) -> TransferTask:
    try:
        return _task(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError) as error:
        raise PrunariumError(f"{path} cannot be read: {error!r}.", "Remove it, and name the images again.") from error


def _task(document: dict[str, Any]) -> TransferTask:
    splits = {name: SplitFacts(sum(counts), tuple(counts)) for name, counts in document["splits"].items()}
    return TransferTask(
        name=document["name"],
        version=document["sha256"][:12],
        title=f"{document['title']} (own images)",
        primary_metric="top1@1",
        source=document["spec"],
        data=ImageManifest(
            name=document["spec"],
            sha256=document["sha256"],
            class_names=tuple(document["class_names"]),
            splits=splits,
            validation_fraction=0.0 if "validation" in splits else VALIDATION_FRACTION,
            licence=document["licence"],
            citation=document["citation"],
        ),
    )


def _folder() -> Path:
    return home_folder() / "tasks"
