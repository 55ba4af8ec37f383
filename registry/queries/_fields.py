"""Where the fields of a query are in the tables. The names are those of :data:`registry.query.FIELDS`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, SQLColumnExpression, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from zoo.checkpoint.folder import SPARSE_WEIGHTS

from ..db.models import Architecture, Checkpoint, CheckpointRevision, Method, Model, Result
from ._current import current_checkpoints
from ._metric_cells import MetricCell

PARENT = aliased(Model)
NAME = func.coalesce(Model.slug, Model.hub_id)
PARENT_NAME = func.coalesce(PARENT.slug, PARENT.hub_id)
SEARCHED = (Model.slug, Model.hub_id, Model.title, Model.method, Model.architecture, Model.owner)

_CURRENT = current_checkpoints()
_FILES = (
    select(
        CheckpointRevision.checkpoint_id,
        func.min(CheckpointRevision.size_bytes).label("smallest"),
        func.min(case((CheckpointRevision.file_name == SPARSE_WEIGHTS, CheckpointRevision.size_bytes))).label("sparse"),
    )
    .group_by(CheckpointRevision.checkpoint_id)
    .subquery("files")
)
_NEWEST_METHOD = (
    select(
        Method.name,
        Method.family,
        func.row_number().over(partition_by=Method.name, order_by=Method.version.desc()).label("place"),
    )
).subquery("newest_method")


def _sparsity(nonzeros: Any, elements: Any) -> ColumnElement[float]:
    share = 1.0 - cast(nonzeros, Double) / cast(elements, Double)
    return case((elements > 0, share), (elements == 0, 0.0))


COLUMNS: dict[str, tuple[SQLColumnExpression[Any], ...]] = {
    "name": (Model.slug, Model.hub_id),
    "method": (Model.method,),
    "family": (_NEWEST_METHOD.c.family,),
    "architecture": (Model.architecture,),
    "owner": (Model.owner,),
    "parent": (PARENT.slug, PARENT.hub_id),
    "licence": (Model.licence,),
    "pattern": (Model.pattern,),
    "availability": (Model.availability,),
    "replicate": (Model.replicate,),
    "sparsity": (Model.sparsity_target,),
    "sparsity.prunable": (_sparsity(Checkpoint.prunable_nonzeros, Checkpoint.prunable_elements),),
    "sparsity.total": (_sparsity(Checkpoint.nonzeros, Checkpoint.elements),),
    "sparsity.stored": (_sparsity(Checkpoint.stored_nonzeros, Checkpoint.stored_elements),),
    "bytes": (_FILES.c.smallest,),
    "bytes.sparse": (_FILES.c.sparse,),
    "bytes.dense": (Checkpoint.bytes_dense,),
    "parameters": (func.coalesce(Checkpoint.elements, Architecture.parameters),),
    "nonzeros": (Checkpoint.nonzeros,),
    "dead_channels": (Checkpoint.dead_channels,),
    "flops": (Checkpoint.flops_sparse,),
    "flops.dense": (Checkpoint.flops_dense,),
    "epochs": (Model.training_epochs,),
    "upstream_top1": (Model.upstream_top1,),
}  # fmt: skip
"""Alternatives of one field stand side by side (a model has two names); ``trust`` is in other rows: :func:`trusted`."""


def trusted(levels: tuple[str, ...] | None) -> ColumnElement[bool]:
    """The model has a current value of one of these trust levels (None: of any)."""
    wanted = [
        Result.model_id == Model.id,
        Result.value.is_not(None),
        Result.superseded_by.is_(None),
        or_(Result.checkpoint_id.is_(None), Result.checkpoint_id == Checkpoint.id),
    ]
    return exists().where(*wanted, *([] if levels is None else [Result.trust.in_(levels)]))


@dataclass(frozen=True)
class MetricColumn:
    """The mean over seeds of one cell, by model; ``table`` is to be joined."""

    table: Any
    value: ColumnElement[float]
    unit: str


def metric_column(cell: MetricCell, label: str) -> MetricColumn:
    """The value of a cell: whole results (no condition of a shift), not superseded, of the current checkpoint."""
    table = (
        select(Result.model_id, func.avg(Result.value).label("value"))
        .outerjoin(_CURRENT, _CURRENT.c.model_id == Result.model_id)
        .where(
            Result.metric_id == cell.metric_id,
            Result.task_id == cell.task_id,
            Result.protocol_id == cell.protocol_id,
            Result.condition == "",
            Result.superseded_by.is_(None),
            Result.value.is_not(None),
            or_(Result.checkpoint_id.is_(None), Result.checkpoint_id == _CURRENT.c.id),
        )
        .group_by(Result.model_id)
        .subquery(label)
    )
    return MetricColumn(table, table.c.value, cell.meant.unit)


def joined(statement: Select[Any], fields: frozenset[str], metrics: tuple[MetricColumn, ...]) -> Select[Any]:
    """The statement over models with the tables that the fields are in, and no others."""
    statement = statement.select_from(Model).outerjoin(PARENT, Model.parent_id == PARENT.id)
    if fields & _OF_METHOD:
        newest = and_(_NEWEST_METHOD.c.name == Model.method, _NEWEST_METHOD.c.place == 1)
        statement = statement.outerjoin(_NEWEST_METHOD, newest)
    if fields & _OF_CHECKPOINT:
        statement = statement.outerjoin(_CURRENT, _CURRENT.c.model_id == Model.id)
        statement = statement.outerjoin(Checkpoint, Checkpoint.id == _CURRENT.c.id)
    if fields & _OF_FILES:
        statement = statement.outerjoin(_FILES, _FILES.c.checkpoint_id == Checkpoint.id)
    if fields & _OF_ARCHITECTURE:
        statement = statement.outerjoin(Architecture, Architecture.name == Model.architecture)
    for metric in metrics:
        statement = statement.outerjoin(metric.table, metric.table.c.model_id == Model.id)
    return statement


_OF_METHOD = {"family"}
_OF_FILES = {"bytes", "bytes.sparse"}
_OF_ARCHITECTURE = {"parameters"}
_OF_MODEL = {
    "name", "method", "architecture", "owner", "parent", "licence", "pattern", "availability", "replicate", "sparsity",
    "epochs", "upstream_top1",
}  # fmt: skip
_OF_CHECKPOINT = COLUMNS.keys() - _OF_MODEL - _OF_METHOD | {"trust"}
