"""Results, read: those of a model's current checkpoint that nothing supersedes, or all of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from ..db.models import Checkpoint, Metric, Model, Protocol, Result, Task
from ..records import ResultRecord
from ._common import Versioned, id_of, reference_of, unknown
from ._current import current_checkpoint
from .models import model_id
from .plugins import get_suite, list_suites

_COLUMNS = [column for column in Result.__table__.columns if column.name != "replicates"]


def results(
    session: Session,
    *,
    model: str | None = None,
    task: str | None = None,
    protocol: str | None = None,
    metric: str | None = None,
    suite: str | None = None,
    trust: str | None = None,
    condition: str | None = None,
    job_id: int | None = None,
    with_replicates: bool = False,
    history: bool = False,
    only_shown: bool = False,
) -> list[ResultRecord]:
    """Results that fit every given filter, by model, task, protocol, metric, condition and seed.

    Without ``history``, superseded rows and rows of a model's former checkpoints are left out. ``replicates`` (4 kB a
    row) come only ``with_replicates``. ``suite`` keeps the suite's cells only, ``only_shown`` what everybody may see.
    """
    statement = _statement(with_replicates)
    named: tuple[tuple[Versioned, str | None], ...] = ((Task, task), (Protocol, protocol), (Metric, metric))
    for table, reference in named:
        if reference is not None:
            statement = statement.where(table.id == id_of(session, table, reference))
    if model is not None:
        statement = statement.where(Result.model_id == model_id(session, model))
    if suite is not None:
        statement = statement.where(_in_suite(session, suite))
    for column, value in {Result.trust: trust, Result.condition: condition, Result.job_id: job_id}.items():
        if value is not None:
            statement = statement.where(column == value)
    if only_shown:
        shown = select(Checkpoint.id).where(Checkpoint.listed.is_(True))
        statement = statement.where(or_(Result.checkpoint_id.is_(None), Result.checkpoint_id.in_(shown)))
    if not history:
        statement = statement.where(Result.superseded_by.is_(None), _is_current())
    return [_record(row) for row in session.execute(statement)]


def replicates_of(session: Session, ids: Sequence[int]) -> dict[int, bytes]:
    """The packed replicates of results, by number; those without any are left out."""
    found: dict[int, bytes] = {}
    for block in _blocks(list(ids)):
        rows = session.execute(select(Result.id, Result.replicates).where(block))
        found.update((number, packed) for number, packed in rows if packed is not None)
    return found


def primary_values(session: Session, job_ids: Collection[int]) -> list[ResultRecord]:
    """The whole value of each task's primary metric that these jobs found; nothing superseded, of any checkpoint."""
    statement = _statement(with_replicates=False).where(
        Result.job_id.in_(job_ids),
        Result.superseded_by.is_(None),
        Result.condition == "",
        Task.primary_metric == reference_of(Metric),
    )
    return [_record(row) for row in session.execute(statement)]


def current_results(session: Session, known: Mapping[int, ResultRecord] | None = None) -> dict[int, ResultRecord]:
    """What :func:`results` gives without filters, by id and in no order.

    ``known`` are the records of an earlier call: only rows that came since are read again, since a row never changes
    but by being superseded or trusted more. Pass none when a model, a task, a protocol or a metric was renamed.
    """
    known = known or {}
    current = select(Result.id, Result.trust).where(Result.superseded_by.is_(None), _is_current())
    trusts = dict(session.execute(current).all())
    wanted = list(trusts)
    found = {number: known[number] for number in wanted if number in known and known[number].trust == trusts[number]}
    names = {"model": _names(session, Model, func.coalesce(Model.slug, Model.hub_id))}
    named: tuple[tuple[str, Versioned], ...] = (("task", Task), ("protocol", Protocol), ("metric", Metric))
    names |= {kind: _names(session, table, reference_of(table)) for kind, table in named}
    for block in _blocks([number for number in wanted if number not in found]):
        rows = session.execute(select(*_COLUMNS).where(block))
        found.update((record.id or 0, record) for record in (_named(row, names) for row in rows))
    return found


def _names(session: Session, table: Any, name: ColumnElement[str]) -> dict[int, str]:
    return dict(session.execute(select(table.id, name)).all())


def _blocks(ids: list[int]) -> Iterable[ColumnElement[bool]]:
    """Conditions that together find ``ids``: a range where that is all of it, else lists that every database takes."""
    ids = sorted(ids)
    if ids and ids[-1] - ids[0] + 1 == len(ids):
        yield Result.id.between(ids[0], ids[-1])
        return
    for start in range(0, len(ids), 500):
        yield Result.id.in_(ids[start : start + 500])


def _named(row: Any, names: Mapping[str, Mapping[int, str]]) -> ResultRecord:
    values = dict(row._mapping)
    for kind, known in names.items():
        values[kind] = known[values.pop(f"{kind}_id")]
    return ResultRecord(**values)


def _statement(with_replicates: bool) -> Select[Any]:
    columns = [*_COLUMNS, Result.replicates] if with_replicates else _COLUMNS
    return (
        select(
            *columns,
            func.coalesce(Model.slug, Model.hub_id).label("model"),
            reference_of(Task).label("task"),
            reference_of(Protocol).label("protocol"),
            reference_of(Metric).label("metric"),
        )
        .join(Model, Result.model_id == Model.id)
        .join(Task, Result.task_id == Task.id)
        .join(Protocol, Result.protocol_id == Protocol.id)
        .join(Metric, Result.metric_id == Metric.id)
        .order_by("model", "task", "protocol", "metric", Result.condition, Result.seed, Result.id)
    )


def _in_suite(session: Session, reference: str) -> ColumnElement[bool]:
    suite = get_suite(session, reference)
    if suite is None:
        raise unknown("suite", reference, [f"{entry.name}@{entry.version}" for entry in list_suites(session)])
    cells = []
    for cell in suite.content["cells"]:
        wanted = [
            Result.task_id == id_of(session, Task, cell["task"]),
            Result.protocol_id == id_of(session, Protocol, cell["protocol"]),
        ]
        if metrics := cell.get("metrics"):
            wanted.append(Result.metric_id.in_([id_of(session, Metric, metric) for metric in metrics]))
        cells.append(and_(*wanted))
    return or_(*cells)


def _is_current() -> ColumnElement[bool]:
    """True for reported rows and for those of the checkpoint that its model has now."""
    owner = aliased(Model)
    current = select(current_checkpoint(owner.id).label("id")).select_from(owner)
    return or_(Result.checkpoint_id.is_(None), Result.checkpoint_id.in_(current))


def _record(row: Any) -> ResultRecord:
    values = dict(row._mapping)
    for name in ("model_id", "task_id", "protocol_id", "metric_id"):
        del values[name]
    return ResultRecord(**values)
