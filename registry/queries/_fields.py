"""Where the fields of a query are in the tables. The names are those of :data:`registry.query.FIELDS`."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import aliased

from zoo.checkpoint.folder import SPARSE_WEIGHTS

from ..db.models import Architecture, Checkpoint, CheckpointRevision, Method, Model, Result, TrainingData
from ._current import current_checkpoint
from ._metric_cells import MetricCell
from ._text import fold, folded

PARENT = aliased(Model)
NAME = func.coalesce(Model.slug, Model.hub_id)
PARENT_NAME = func.coalesce(PARENT.slug, PARENT.hub_id)
SEARCHED = (Model.slug, Model.hub_id, Model.title, Model.method, Model.architecture, Model.owner)

# Word for word the condition of the partial indexes of schema 0002, whose rows alone are read.
_COUNTS = text("result.superseded_by is null and result.value is not null")
_OF_CURRENT = or_(Result.checkpoint_id.is_(None), Result.checkpoint_id == Checkpoint.id)
_WHOLE = text("result.condition = '' and result.superseded_by is null and result.value is not null")


def _sparsity(nonzeros: Any, elements: Any) -> ColumnElement[float]:
    share = 1.0 - cast(nonzeros, Double) / cast(elements, Double)
    return case((elements > 0, share), (and_(elements == 0, nonzeros.is_not(None)), 0.0))


def _file(*wanted: ColumnElement[bool]) -> ScalarSelect[int | None]:
    smallest = select(func.min(CheckpointRevision.size_bytes))
    return (
        smallest.where(CheckpointRevision.checkpoint_id == Checkpoint.id, *wanted)
        .correlate(Checkpoint)
        .scalar_subquery()
    )


_FAMILY = (
    select(Method.family)
    .where(Method.name == Model.method)
    .order_by(Method.version.desc())
    .limit(1)
    .correlate(Model)
    .scalar_subquery()
)

COLUMNS: dict[str, tuple[SQLColumnExpression[Any], ...]] = {
    "name": (Model.slug, Model.hub_id),
    "method": (Model.method,),
    "family": (_FAMILY,),
    "architecture": (Model.architecture,),
    "owner": (Model.owner,),
    "parent": (PARENT.slug, PARENT.hub_id),
    "licence": (Model.licence,),
    "upstream": (Model.upstream_data,),
    "pattern": (Model.pattern,),
    "availability": (Model.availability,),
    "replicate": (Model.replicate,),
    "sparsity": (Model.sparsity_target,),
    "sparsity.prunable": (_sparsity(Checkpoint.prunable_nonzeros, Checkpoint.prunable_elements),),
    "sparsity.total": (_sparsity(Checkpoint.nonzeros, Checkpoint.elements),),
    "sparsity.stored": (_sparsity(Checkpoint.stored_nonzeros, Checkpoint.stored_elements),),
    "bytes": (_file(),),
    "bytes.sparse": (_file(CheckpointRevision.file_name == SPARSE_WEIGHTS),),
    "bytes.dense": (Checkpoint.bytes_dense,),
    "parameters": (func.coalesce(Checkpoint.elements, Architecture.parameters),),
    "nonzeros": (Checkpoint.nonzeros,),
    "dead_channels": (Checkpoint.dead_channels,),
    "flops": (Checkpoint.flops_sparse,),
    "flops.dense": (Checkpoint.flops_dense,),
    "epochs": (Model.training_epochs,),
    "upstream_top1": (Model.upstream_top1,),
}
"""Alternatives of one field stand side by side (a model has two names); ``trust`` is in other rows: :func:`trusted`."""


def trusted(levels: tuple[str, ...] | None) -> ColumnElement[bool]:
    """The model has a current value of one of these trust levels (None: of any)."""
    found = exists().where(Result.model_id == Model.id, _COUNTS, _OF_CURRENT)
    return (found if levels is None else found.where(Result.trust.in_(levels))).correlate(Model, Checkpoint)


def trained_on(names: tuple[str, ...] | None) -> ColumnElement[bool]:
    """The model is declared to have been trained on one of these data, in any letter case (None: on any)."""
    found = exists().where(TrainingData.model_id == Model.id)
    if names is None:
        return or_(Model.upstream_data.is_not(None), found.correlate(Model))
    folds = [fold(name) for name in names]
    declared = found.where(folded(TrainingData.data).in_(folds)).correlate(Model)
    return or_(func.coalesce(folded(Model.upstream_data).in_(folds), false()), declared)


def metric_value(cell: MetricCell) -> ScalarSelect[float | None]:
    """The mean over seeds of a cell: whole results (no condition of a shift) that nothing supersedes."""
    return (
        select(func.avg(Result.value))
        .where(
            Result.metric_id == cell.metric_id,
            Result.task_id == cell.task_id,
            Result.protocol_id == cell.protocol_id,
            Result.model_id == Model.id,
            _WHOLE,
            _OF_CURRENT,
        )
        .correlate(Model, Checkpoint)
        .scalar_subquery()
    )


def joined(statement: Select[Any], fields: Iterable[str]) -> Select[Any]:
    """The statement over models with their parent and, where the fields need them, checkpoint and architecture."""
    statement = statement.select_from(Model).outerjoin(PARENT, Model.parent_id == PARENT.id)
    if set(fields) <= _OF_MODEL:
        return statement
    # The sum keeps SQLite from finding the row by its number: the index over model_id has all counts, and the row
    # itself kilobytes of layers.
    current = and_(Checkpoint.model_id == Model.id, Checkpoint.id + 0 == current_checkpoint(Model.id))
    statement = statement.outerjoin(Checkpoint, current)
    return statement.outerjoin(Architecture, Architecture.name == Model.architecture)


_OF_MODEL = {
    "name", "method", "family", "architecture", "owner", "parent", "licence", "pattern", "availability", "replicate",
    "sparsity", "epochs", "upstream", "upstream_top1",
}  # fmt: skip
