"""From stored predictions to rows of the catalogue: the same way when a job ends and when history is scored again."""

from collections.abc import Iterable, Mapping
from typing import Any

from registry.blobs import BlobStore
from registry.records import PredictionRecord, ResultRecord, Trust
from registry.statistics import pack_replicates

from .job import Job
from .predictions import Predictions
from .scoring import Cell


def read_predictions(stored: Iterable[PredictionRecord], blobs: BlobStore) -> dict[str, Predictions]:
    """The predictions of a job by condition, from the store."""
    return {record.condition: Predictions.from_parquet(blobs.get(record.blob_sha256)) for record in stored}


def result_record(job: Job, cell: Cell, provenance: Mapping[str, Any], trust: Trust = "measured") -> ResultRecord:
    """The row of one number."""
    measured = cell.measured
    return ResultRecord(
        model=job.model,
        task=job.task,
        protocol=job.protocol,
        metric=f"{measured.metric}@{measured.version}",
        seed=job.seed,
        condition=cell.condition,
        value=measured.value,
        missing_reason=measured.missing_reason,
        n=measured.n,
        ci_low=measured.ci_low,
        ci_high=measured.ci_high,
        interval_method=measured.interval_method,
        no_interval_reason=measured.no_interval_reason,
        replicates=None if measured.replicates is None else pack_replicates(measured.replicates),
        trust=trust,
        provenance=provenance,
    )
