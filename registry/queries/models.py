"""Models: written by publishing and by the reported rows, listed by everybody."""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from ..db.models import Checkpoint, CheckpointRevision, Job, Model, Prediction, Result, TrainingData
from ..db.session import mark_changed, now_us
from ..errors import InvalidRecordError
from ..records import ModelRecord
from ._common import columns_of, insert_or_ignore, to_record, unknown
from ._text import bytewise


def upsert_model(session: Session, record: ModelRecord) -> int:
    """Write a model by slug or hub id; returns its id.

    Fields that are ``None`` keep what the catalogue knows. Raises :class:`~registry.errors.InvalidRecordError` when
    slug and hub id belong to two different models, :class:`~registry.errors.UnknownRecordError` for an unknown parent.
    """
    values = columns_of(record, skip=("id", "created_us", "parent", "listed"))
    mark_changed(session)
    if record.parent is not None:
        values["parent_id"] = model_id(session, record.parent)
    found = _rows_named(session, record)
    if len(found) > 1:
        raise InvalidRecordError(f"The slug {record.slug} and the hub id {record.hub_id} belong to different models.")
    if not found and insert_or_ignore(
        session, Model, values | {"listed": record.listed, "created_us": now_us(session)}
    ):
        return _rows_named(session, record)[0].id
    row = (found or _rows_named(session, record))[0]
    for name, value in values.items():
        if value is not None and getattr(row, name) != value:
            setattr(row, name, value)
    session.flush()
    return row.id


def get_model(session: Session, name: str) -> ModelRecord | None:
    """The model of a slug or hub id."""
    row = session.execute(_statement().where(_named(name))).first()
    return None if row is None else model_record(*row)


def get_model_by_id(session: Session, model_id: int) -> ModelRecord | None:
    """The model of a number."""
    row = session.execute(_statement().where(Model.id == model_id)).first()
    return None if row is None else model_record(*row)


def model_id(session: Session, name: str) -> int:
    """The id of a slug or hub id; raises :class:`~registry.errors.UnknownRecordError` with the nearest name."""
    found = session.execute(select(Model.id).where(_named(name))).scalar_one_or_none()
    if found is None:
        known = session.execute(select(func.coalesce(Model.slug, Model.hub_id)).where(is_shown())).scalars()
        raise unknown("model", name, list(known))
    return found


def ids_by_name(session: Session) -> dict[str, int]:
    """The id of every model by its slug, and by its hub id."""
    rows = list(session.execute(select(Model.id, Model.slug, Model.hub_id)))
    return {name: number for number, *names in rows for name in names if name is not None}


def list_models(session: Session, *, only_shown: bool = False) -> list[ModelRecord]:
    """Every model, by architecture, method, sparsity and replicate. (:func:`.find.find_models` narrows the list.)

    ``only_shown``: without those that are nobody's business yet.
    """
    statement = _statement().order_by(*default_order())
    return [model_record(*row) for row in session.execute(statement.where(is_shown()) if only_shown else statement)]


def is_shown() -> ColumnElement[bool]:
    """Whether everybody may see a model: it is published, and no moderator hid it."""
    return and_(Model.listed.is_(True), Model.hidden_reason.is_(None))


def is_model_shown(session: Session, model_id: int) -> bool:
    """Whether everybody may see the model of a number."""
    return session.execute(select(Model.id).where(Model.id == model_id, is_shown())).first() is not None


def remove_unshown(session: Session) -> None:
    """Delete what is nobody's business from a copy that everybody gets, predictions and jobs included."""
    models = select(Model.id).where(~is_shown())
    checkpoints = select(Checkpoint.id).where(or_(Checkpoint.listed.is_(False), Checkpoint.model_id.in_(models)))
    jobs = select(Job.id).where(Job.checkpoint_id.in_(checkpoints))
    results = select(Result.id).where(or_(Result.model_id.in_(models), Result.checkpoint_id.in_(checkpoints)))
    session.execute(delete(Prediction).where(Prediction.job_id.in_(jobs)))
    session.execute(update(Result).where(Result.superseded_by.in_(results)).values(superseded_by=None))
    session.execute(delete(Result).where(Result.id.in_(results)))
    session.execute(delete(Job).where(Job.checkpoint_id.in_(checkpoints)))
    session.execute(delete(CheckpointRevision).where(CheckpointRevision.checkpoint_id.in_(checkpoints)))
    session.execute(delete(Checkpoint).where(Checkpoint.id.in_(checkpoints)))
    session.execute(delete(TrainingData).where(TrainingData.model_id.in_(models)))
    session.execute(update(Model).where(Model.parent_id.in_(models)).values(parent_id=None))
    session.execute(delete(Model).where(~is_shown()))


def default_order() -> tuple[SQLColumnExpression[Any], ...]:
    """By architecture, method, sparsity and replicate; the same on every database."""
    return (
        bytewise(Model.architecture),
        bytewise(Model.method),
        Model.sparsity_target,
        Model.replicate,
        bytewise(func.coalesce(Model.slug, Model.hub_id)),
        Model.id,
    )


def model_record(model: Model, parent: str | None) -> ModelRecord:
    """A row as a record, with the name of its parent."""
    return replace(to_record(ModelRecord, model, parent=None), parent=parent)


def _named(name: str) -> ColumnElement[bool]:
    return or_(Model.slug == name, Model.hub_id == name)


def _rows_named(session: Session, record: ModelRecord) -> list[Model]:
    names = [column == value for column, value in ((Model.slug, record.slug), (Model.hub_id, record.hub_id)) if value]
    if not names:
        raise InvalidRecordError("A model needs a slug or a hub id.")
    return list(session.execute(select(Model).where(or_(*names))).scalars())


def _statement() -> Select[Model, str]:
    parent = aliased(Model)
    return select(Model, func.coalesce(parent.slug, parent.hub_id)).outerjoin(parent, Model.parent_id == parent.id)
