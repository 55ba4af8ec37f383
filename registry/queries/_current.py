"""Which checkpoint a model has now."""

from sqlalchemy import CTE, func, select

from ..db.models import Checkpoint, CheckpointRevision


def current_checkpoints() -> CTE:
    """``id`` and ``model_id`` of each model's current checkpoint: the one published last, or else registered last."""
    place = func.row_number().over(
        partition_by=Checkpoint.model_id,
        order_by=(func.max(CheckpointRevision.id).desc().nulls_last(), Checkpoint.id.desc()),
    )
    ranked = (
        select(Checkpoint.id, Checkpoint.model_id, place.label("place"))
        .outerjoin(CheckpointRevision, CheckpointRevision.checkpoint_id == Checkpoint.id)
        .group_by(Checkpoint.id, Checkpoint.model_id)
        .subquery()
    )
    return select(ranked.c.id, ranked.c.model_id).where(ranked.c.place == 1).cte("current_checkpoint")
