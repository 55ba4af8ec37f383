"""Where the predictions of jobs are: added once, never changed."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db.models import Prediction
from ..db.session import now_us
from ..errors import ImmutableRowError
from ..records import PredictionRecord
from ._common import columns_of, insert_or_ignore, rows, to_record
from .jobs import lock_lease


def predictions_of(session: Session, job_id: int) -> list[PredictionRecord]:
    """Where the predictions of a job are, by condition."""
    statement = select(Prediction).filter_by(job_id=job_id).order_by(Prediction.condition)
    return [to_record(PredictionRecord, row) for row in rows(session, statement)]


def is_prediction(session: Session, blob_sha256: str) -> bool:
    """Whether a blob holds the predictions of a job."""
    return session.execute(select(Prediction.id).filter_by(blob_sha256=blob_sha256).limit(1)).first() is not None


def add_predictions(
    session: Session, job_id: int, attempt: int, owner: str, predictions: Sequence[PredictionRecord]
) -> None:
    """Write where a job's predictions are, fenced like :func:`.result_writing.add_results`."""
    lock_lease(session, job_id, attempt, owner)
    for record in predictions:
        values = columns_of(record, skip=("id",)) | {"job_id": job_id, "created_us": now_us(session)}
        if not insert_or_ignore(session, Prediction, values):
            raise ImmutableRowError(f"Job {job_id} has predictions for the condition {record.condition!r} already.")
