"""Rows of what models are declared to have been trained on."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from ..db.models import Checkpoint, Model, TrainingData
from ..db.session import mark_changed
from ._common import insert_or_ignore


def set_training_data(session: Session, model_id: int, data: Iterable[str]) -> None:
    """Replace what a model is declared to have been trained on."""
    rows = [{"model_id": model_id, "data": one} for one in dict.fromkeys(data)]
    session.execute(delete(TrainingData).where(TrainingData.model_id == model_id))
    if rows:
        session.execute(insert(TrainingData), rows)
    mark_changed(session)


def add_training_data(session: Session, model_id: int, data: Iterable[str]) -> None:
    """Say of a model what it was trained on besides."""
    for one in data:
        insert_or_ignore(session, TrainingData, {"model_id": model_id, "data": one})
    mark_changed(session)


def declare_new(session: Session, checkpoint_id: int, since_us: int, data: Iterable[str]) -> None:
    """Say it of a checkpoint's model, if that came into the catalogue no earlier: nobody declares for older models."""
    found = session.execute(
        select(Model.id)
        .join(Checkpoint, Checkpoint.model_id == Model.id)
        .where(Checkpoint.id == checkpoint_id, Model.created_us >= since_us)
    ).scalar_one_or_none()
    if found is not None:
        set_training_data(session, found, data)


def training_data(session: Session) -> dict[str, tuple[str, ...]]:
    """What every model is declared to have been trained on, by its name, in the order of letters."""
    statement = select(func.coalesce(Model.slug, Model.hub_id), TrainingData.data).join(
        Model, Model.id == TrainingData.model_id
    )
    found: dict[str, list[str]] = defaultdict(list)
    for model, data in session.execute(statement.order_by(TrainingData.data)):
        found[model].append(data)
    return {model: tuple(data) for model, data in found.items()}
