"""Predictions that came with a submission: fetched, judged, kept, and scored into jobs that nobody has to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry import jobs, queries
from registry.blobs import BlobStore
from registry.errors import TooLargeError
from registry.hub_check import fetch_folder
from registry.pull import Pulled
from registry.reasons import Reason
from registry.records import PredictionRecord, SubmissionRecord
from registry.settings import Settings
from zoo.core.versions import code_version

from .author_predictions import FOLDER, judge
from .job import Job
from .owners import this_owner
from .predictions import Predictions
from .protocols import PROTOCOLS
from .results import read_predictions, result_record
from .scoring import Cell, score
from .tasks import find_task

CellKey = tuple[str, str, int]


@dataclass(frozen=True)
class _Scored:
    """One cell: where its predictions are kept, the numbers that follow, and how they came about."""

    stored: tuple[PredictionRecord, ...]
    numbers: tuple[Cell, ...]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class Brought:
    """Every reason against what was brought; without one, what it holds by task, protocol and seed."""

    reasons: tuple[Reason, ...]
    cells: Mapping[CellKey, _Scored]


def bring(settings: Settings, waiting: SubmissionRecord, pulled: Pulled, wanted: Sequence[CellKey]) -> Brought:
    """Fetch, judge, keep and score the predictions of a submission."""
    token = settings.hub_token if waiting.hub_endpoint == settings.hub_endpoint else None
    try:
        folder = fetch_folder(pulled, FOLDER, endpoint=waiting.hub_endpoint, token=token)
    except TooLargeError as error:
        return Brought((Reason("too_large", error.message),), {})
    judged = judge(folder, wanted)
    blobs = BlobStore(settings.blobs)
    origin = f"{pulled.repo_id}@{pulled.commit}"
    return Brought(judged.reasons, {cell: _scored(cell, found, blobs, origin) for cell, found in judged.cells.items()})


def deliver(session: Session, checkpoint_id: int, brought: Brought) -> None:
    """Write each cell as a job that is done; what was measured or is being measured here stays as it is."""
    for (task, protocol, seed), scored in sorted(brought.cells.items()):
        job_id, _ = jobs.enqueue(session, checkpoint_id, task, protocol, seed)
        record = queries.get_job(session, job_id)
        job = Job(checkpoint_id, record.model, task, protocol, seed)
        results = [result_record(job, cell, scored.provenance, "rescored") for cell in scored.numbers]
        jobs.deliver(session, job_id, this_owner(), results, scored.stored)


def _scored(cell: CellKey, found: Mapping[str, Predictions], blobs: BlobStore, origin: str) -> _Scored:
    task = find_task(cell[0])
    stored = tuple(_kept(predictions, blobs) for predictions in found.values())
    provenance = {
        "config_hash": PROTOCOLS[cell[1]]().config_hash(),
        "data_sha256": dict(task.data_sha256()),
        "predictions_from": origin,
        "code_version": code_version(),
    }
    return _Scored(stored, tuple(score(task, read_predictions(stored, blobs))), provenance)


def _kept(predictions: Predictions, blobs: BlobStore) -> PredictionRecord:
    data = predictions.to_parquet()
    return PredictionRecord(
        condition=predictions.condition,
        blob_sha256=blobs.put(data),
        array_hash=predictions.array_hash(),
        size_bytes=len(data),
        n=len(predictions),
    )
