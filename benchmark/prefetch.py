"""Before jobs are drained: the features of all models in one pass over each task's images.

Jobs find them in the cache. What fails here fails again in the job that needs it, and is reported there.
"""

from collections.abc import Iterable, Sequence

from zoo.checkpoint.folder import read_folder
from zoo.core.console import say
from zoo.models import load_model

from .feature_cache import FeatureCache
from .features import features_of_all
from .inference import EVALUATION_BATCH
from .job import Job
from .protocols import PROTOCOLS, Subject
from .reproducible import reproducible
from .run_job import checkpoint_of
from .sources import Source
from .tasks import TransferTask, find_task

MOST_NETWORKS = 8
"""How many networks are in memory at once."""


def prefetch(jobs: Iterable[Job], source: Source) -> int:
    """Work out what the frozen protocols among ``jobs`` need of several checkpoints; returns the number of passes.

    A task that one checkpoint alone is measured on is left to its job.
    """
    if not FeatureCache.of_environment().limit_bytes:
        return 0
    wanted: dict[str, dict[int, None]] = {}
    for job in jobs:
        if PROTOCOLS[job.protocol].facts.features and job.batch_divisor == 1:
            wanted.setdefault(job.task, {})[job.checkpoint_id] = None
    passes = 0
    for task_id, checkpoints in wanted.items():
        several = list(checkpoints) if len(checkpoints) > 1 else []
        for start in range(0, len(several), MOST_NETWORKS):
            try:
                passes += _one_task(task_id, several[start : start + MOST_NETWORKS], source)
            except Exception as error:
                say(f"No shared pass over {task_id}: {error}")
    return passes


def _one_task(task_id: str, checkpoints: Sequence[int], source: Source) -> int:
    task = find_task(task_id)
    if not isinstance(task, TransferTask):
        return 0
    with reproducible(0):
        subjects = [_subject(source, checkpoint) for checkpoint in checkpoints]
        pool = task.data.trainable()
        sets = [(pool.images, pool.ids), *((each.images, each.ids) for each in task.image_sets().values())]
        for images, ids in sets:
            features_of_all(subjects, images, ids, EVALUATION_BATCH)
    return len(sets)


def _subject(source: Source, checkpoint: int) -> Subject:
    folder = read_folder(source(checkpoint))
    return Subject(
        load_model(folder.path), folder.config.classifier, folder.config.preprocessing, checkpoint_of(folder)
    )
