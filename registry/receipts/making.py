"""The receipt of a finished job, from the catalogue alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from .. import queries
from ..errors import ReceiptError
from ..records import JobRecord, PredictionRecord, ResultRecord
from .document import Evaluated, Machine, PredictionFile, Receipt, Value, Weights


def make_receipt(session: Session, job_id: int) -> Receipt:
    """The receipt of a job that is done, not signed yet; superseded numbers are left out.

    Raises :class:`~registry.errors.UnknownRecordError` for a job that is not there, and
    :class:`~registry.errors.ReceiptError` for one that is not done.
    """
    job = queries.get_job(session, job_id)
    if job.state != "done":
        raise ReceiptError(f"Job {job_id} is {job.state}: a receipt is of an evaluation that is done.")
    rows = [row for row in queries.results(session, job_id=job_id, history=True) if row.superseded_by is None]
    provenance = _provenance(job, rows)
    return Receipt(
        evaluated=Evaluated(model=job.model, task=job.task, protocol=job.protocol, seed=job.seed),
        weights=_weights(session, job),
        config_hash=provenance["config_hash"],
        data=dict(provenance["data_sha256"]),
        machine=Machine(
            device=provenance["device"],
            threads=provenance["threads"],
            batch_divisor=provenance["batch_divisor"],
            packages=dict(provenance["packages"]),
            code_version=provenance["code_version"],
        ),
        predictions=tuple(_file(record) for record in queries.predictions_of(session, job_id)),
        values=tuple(_value(row) for row in sorted(rows, key=lambda row: (row.condition, row.metric))),
    )


def _weights(session: Session, job: JobRecord) -> Weights:
    checkpoint = queries.get_checkpoint(session, job.checkpoint_id)
    if checkpoint is None:
        raise ReceiptError(f"The catalogue has no checkpoint {job.checkpoint_id}.", "prunarium db check")
    return Weights(
        densified_hash=checkpoint.densified_hash,
        architecture=checkpoint.architecture,
        preprocessing_hash=checkpoint.preprocessing_hash,
        mask_hash=checkpoint.mask_hash,
    )


def _provenance(job: JobRecord, rows: Sequence[ResultRecord]) -> Mapping[str, Any]:
    """What the job stated of itself, the same in each of its rows."""
    needed = {"config_hash", "data_sha256", "device", "threads", "batch_divisor", "packages", "code_version"}
    found = next((row.provenance for row in rows if needed <= row.provenance.keys()), None)
    if found is None:
        raise ReceiptError(
            f"Job {job.id} states too little of how it was done for a receipt.",
            "It was done by an old version: evaluate the model again.",
        )
    return found


def _file(record: PredictionRecord) -> PredictionFile:
    return PredictionFile(
        condition=record.condition,
        sha256=record.blob_sha256,
        array_hash=record.array_hash,
        size_bytes=record.size_bytes,
        n=record.n,
        sparsity_before=record.sparsity_before,
        sparsity_after=record.sparsity_after,
    )


def _value(row: ResultRecord) -> Value:
    return Value(
        metric=row.metric,
        condition=row.condition,
        value=row.value,
        missing_reason=row.missing_reason,
        n=row.n,
        ci_low=row.ci_low,
        ci_high=row.ci_high,
        interval_method=row.interval_method,
        no_interval_reason=row.no_interval_reason,
        trust=row.trust,
    )
