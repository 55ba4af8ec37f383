"""From stored predictions to rows of the catalogue: the same way when a job ends and when history is scored again."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.blobs import BlobStore
from registry.records import PredictionRecord, ResultRecord, Trust
from registry.statistics import pack_replicates

from .job import Job
from .predictions import Predictions
from .scoring import Cell


@dataclass(frozen=True)
class Outcome:
    """What :func:`registry.jobs.finish` writes. Two runs of one job differ in ``resources`` and in latency alone."""

    results: tuple[ResultRecord, ...]
    predictions: tuple[PredictionRecord, ...]
    resources: Mapping[str, Any]


def read_predictions(stored: Iterable[PredictionRecord], blobs: BlobStore) -> "StoredPredictions":
    """The predictions of a job by condition, each read from the store whenever it is looked at."""
    return StoredPredictions({record.condition: record for record in stored}, blobs)


class StoredPredictions(Mapping[str, Predictions]):
    """Those of seventy-five conditions fill no memory as long as they are looked at one after the other."""

    def __init__(self, records: Mapping[str, PredictionRecord], blobs: BlobStore) -> None:
        self._records, self._blobs = records, blobs

    def __getitem__(self, condition: str) -> Predictions:
        return Predictions.from_parquet(self._blobs.get(self._records[condition].blob_sha256))

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


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
