"""Where the predictions of jobs are: added once, never changed."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..db.models import Checkpoint, Job, Model, Prediction
from ..db.models import ImageSet as ImageSetRow
from ..db.session import mark_changed, now_us
from ..errors import ImmutableRowError
from ..image_sets import Answers, ImageSet
from ..records import PredictionRecord
from ._common import columns_of, insert_or_ignore, rows, to_record
from .jobs import lock_lease
from .models import is_shown


def predictions_of(session: Session, job_id: int) -> list[PredictionRecord]:
    """Where the predictions of a job are, by condition."""
    statement = select(Prediction).filter_by(job_id=job_id).order_by(Prediction.condition)
    return [to_record(PredictionRecord, row, answers=None) for row in rows(session, statement)]


def is_prediction(session: Session, blob_sha256: str, *, only_shown: bool = False) -> bool:
    """Whether a blob holds the predictions of a job; ``only_shown``: of one that everybody may see."""
    statement = select(Prediction.id).where(Prediction.blob_sha256 == blob_sha256).limit(1)
    if only_shown:
        statement = statement.join(Job, Prediction.job_id == Job.id).join(Checkpoint).join(Model)
        statement = statement.where(is_shown(), Checkpoint.listed.is_(True))
    return session.execute(statement).first() is not None


def is_shown_job(session: Session, job_id: int) -> bool:
    """Whether everybody may see what a job found."""
    statement = select(Job.id).join(Checkpoint).join(Model).where(Job.id == job_id)
    return session.execute(statement.where(is_shown(), Checkpoint.listed.is_(True))).first() is not None


def add_predictions(
    session: Session, job_id: int, attempt: int, owner: str, predictions: Sequence[PredictionRecord]
) -> None:
    """Write where a job's predictions are, fenced like :func:`.result_writing.add_results`."""
    lock_lease(session, job_id, attempt, owner)
    for record in predictions:
        values = columns_of(record, skip=("id", "answers")) | {"job_id": job_id, "created_us": now_us(session)}
        if record.answers is not None:
            values |= _answers(session, record.answers)
        if not insert_or_ignore(session, Prediction, values):
            raise ImmutableRowError(f"Job {job_id} has predictions for the condition {record.condition!r} already.")


def has_answers(session: Session, prediction_id: int) -> bool:
    """Whether a row of predictions has a bit an image beside it."""
    statement = select(Prediction.id).where(Prediction.id == prediction_id, Prediction.correct.is_not(None))
    return session.execute(statement).first() is not None


def add_answers(session: Session, prediction_id: int, answers: Answers) -> None:
    """Write the bits of predictions that were kept before there were any."""
    statement = update(Prediction).where(Prediction.id == prediction_id, Prediction.correct.is_(None))
    session.execute(statement.values(**_answers(session, answers)))
    mark_changed(session)


def answers_of(session: Session, job_ids: Sequence[int]) -> dict[int, tuple[int, bytes]]:
    """By job, where they are kept: the number of its images and the bits (:func:`registry.image_sets.unpack_bits`)."""
    statement = select(Prediction.job_id, Prediction.image_set_id, Prediction.correct).where(
        Prediction.job_id.in_(job_ids), Prediction.condition == ""
    )
    return {job: (number, bits) for job, number, bits in session.execute(statement) if number is not None and bits}


def image_set(session: Session, number: int) -> ImageSet:
    """The images of a number that :func:`answers_of` gave."""
    return ImageSet.unpacked(session.execute(select(ImageSetRow.content).filter_by(id=number)).scalar_one())


def _answers(session: Session, answers: Answers) -> dict[str, int | bytes]:
    """Column values; the images are written once."""
    images = answers.images
    wanted = select(ImageSetRow.id).filter_by(sha256=images.sha256)
    known = session.execute(wanted).scalar()
    if known is None:
        insert_or_ignore(
            session, ImageSetRow, {"sha256": images.sha256, "n": len(images.ids), "content": images.packed()}
        )
        known = session.execute(wanted).scalar_one()
    return {"image_set_id": known, "correct": answers.correct}
