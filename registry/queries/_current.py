"""Which checkpoint a model has now."""

from typing import Any

from sqlalchemy import ScalarSelect, SQLColumnExpression, func, select
from sqlalchemy.orm import aliased

from ..db.models import Checkpoint, CheckpointRevision


def current_checkpoint(model_id: SQLColumnExpression[Any]) -> ScalarSelect[int | None]:
    """The id of the current checkpoint of a model: the one published last, or else registered last.

    One that is nobody's business yet takes the place of none that everybody sees.
    """
    candidate = aliased(Checkpoint)
    published = (
        select(func.max(CheckpointRevision.id))
        .where(CheckpointRevision.checkpoint_id == candidate.id)
        .correlate(candidate)
        .scalar_subquery()
    )
    return (
        select(candidate.id)
        .correlate_except(candidate)
        .where(candidate.model_id == model_id)
        .order_by(candidate.listed.desc(), published.desc().nulls_last(), candidate.id.desc())
        .limit(1)
        .scalar_subquery()
    )
