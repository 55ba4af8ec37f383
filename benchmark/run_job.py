"""From a job and a model folder to results: the only thing that a worker computes.

The order is fixed: predictions are stored first, read back, and every metric is computed from what was read.
"""

import resource
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from registry.blobs import BlobStore
from registry.records import PredictionRecord
from zoo.checkpoint.folder import ModelFolder, read_folder
from zoo.checkpoint.passport import measure
from zoo.core.canonical import canonical_json
from zoo.models import load_model

from .answers import answers_of
from .cost import cost_of
from .errors import BadModelError
from .job import Job
from .predictions import Predictions
from .protocols import PROTOCOLS, Evaluation, Protocol, Subject
from .provenance import provenance_of
from .remarks import remarks
from .reproducible import reproducible
from .results import Outcome, read_predictions, result_record
from .scoring import score, score_cost
from .sparsity import check_kept, fraction, zeros_of
from .tasks import CostTask, Task, find_task


class _Kept(NamedTuple):
    """The share of zeros among the prunable weights that the protocol does not replace."""

    before: float
    after: float


def run_job(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
    """Evaluate the checkpoint in ``folder``; its identity has been verified by whoever fetched it.

    Raises :class:`~benchmark.errors.SparsityLostError` when the protocol brings a pruned weight back, and whatever
    :func:`benchmark.failures.failure_of` can classify.
    """
    clock, cpu = time.perf_counter(), time.process_time()
    task, protocol = find_task(job.task), PROTOCOLS[job.protocol]()
    if task.kind not in protocol.facts.task_kinds:
        raise BadModelError(f"{protocol.facts.id} cannot be applied to {job.task}, a task of kind {task.kind}.")
    with reproducible(job.seed), remarks() as heard:
        source = read_folder(folder)
        model = _load(source, task, protocol, job.seed)
        documents = dict[str, str]()
        if isinstance(task, CostTask):
            evaluation, stored = Evaluation({}, notes=task.manifest()), dict[str, PredictionRecord]()
            cells = score_cost(task, cost_of(source, model, task))
        else:
            evaluation, kept = _evaluate(job, task, protocol, source, model)
            stored = _store(task, evaluation, blobs, kept)
            documents = {name: blobs.put(canonical_json(each)) for name, each in evaluation.documents.items()}
            cells = score(task, read_predictions(stored.values(), blobs))
        provenance = provenance_of(job, task, protocol, source, evaluation, documents)
    results = tuple(result_record(job, cell, provenance) for cell in cells)
    return Outcome(results, tuple(stored.values()), {**_resources(clock, cpu), **({"remarks": heard} if heard else {})})


def _load(source: ModelFolder, task: Task, protocol: Protocol, seed: int) -> nn.Module:
    if protocol.facts.new_head:
        return load_model(source.path, task.classes, seed)
    stat = source.weights.stat()
    return _load_published(source.path, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=2)
def _load_published(folder: Path, version: tuple[int, ...]) -> nn.Module:  # noqa: ARG001 - the key of the cache
    """Jobs of one checkpoint follow each other, and those without a new head leave the model as it was."""
    return load_model(folder)


def checkpoint_of(source: ModelFolder) -> tuple[str, str]:
    """(densified hash, architecture), as the catalogue knows the checkpoint."""
    stat = source.weights.stat()
    return _densified(source.weights, (stat.st_ino, stat.st_mtime_ns, stat.st_size)), source.config.architecture


@lru_cache(maxsize=64)
def _densified(weights: Path, version: tuple[int, ...]) -> str:  # noqa: ARG001 - the key of the cache
    """Every job of a checkpoint asks, and the answer takes a pass over the file."""
    return measure(weights).densified_hash


def _evaluate(
    job: Job, task: Task, protocol: Protocol, source: ModelFolder, model: nn.Module
) -> tuple[Evaluation, _Kept]:
    """Run the protocol and prove, outside of it, that it kept the zeros of what it did not replace."""
    classifier = source.config.classifier
    replaced = None if protocol.facts.trains == "nothing" else classifier
    before = zeros_of(model, without=replaced)
    subject = Subject(model, classifier, source.config.preprocessing, checkpoint_of(source), source.path)
    evaluation = protocol.run(subject, task, job.seed, job.batch_divisor)
    after = zeros_of(model, without=replaced)
    check_kept(before, after)
    return evaluation, _Kept(fraction(before), fraction(after))


def _store(task: Task, evaluation: Evaluation, blobs: BlobStore, kept: _Kept) -> dict[str, PredictionRecord]:
    """The predictions of each condition."""
    stored = {}
    for condition, images in task.image_sets().items():
        logits, labels = task.judged(evaluation.logits[condition], images.labels)
        predictions = Predictions.from_logits(
            tuple(images.ids),
            labels,
            logits,
            condition,
            evaluation.temperature,
            keep=task.keep,
            extra=evaluation.extra.get(condition),
        )
        data = predictions.to_parquet()
        stored[condition] = PredictionRecord(
            condition=condition,
            blob_sha256=blobs.put(data),
            array_hash=predictions.array_hash(),
            size_bytes=len(data),
            n=len(predictions),
            sparsity_before=kept.before,
            sparsity_after=kept.after,
            answers=answers_of(predictions, task.id),
        )
    return stored


def _resources(clock: float, cpu: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": round(time.perf_counter() - clock, 4),
        "cpu_seconds": round(time.process_time() - cpu, 4),
        "peak_memory_bytes": peak if sys.platform == "darwin" else peak * 1024,
    }
