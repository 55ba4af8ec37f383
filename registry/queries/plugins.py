"""Methods, architectures, protocols, tasks, shifts, suites and metrics.

A version is immutable: what it *means* (kind, counts, unit, direction, bounds, contents) is written once, and a
different row of the same version raises :class:`~registry.errors.ImmutableRowError`. Words about it (title, definition,
citation, licence, source) may be improved later.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db.base import Base
from ..db.models import Architecture, Method, Metric, Protocol, Shift, Suite, Task
from ..db.session import mark_changed
from ..errors import ImmutableRowError
from ..records import (
    ArchitectureRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    ShiftRecord,
    SuiteRecord,
    TaskRecord,
)
from ._common import by_reference, columns_of, id_of, insert_or_ignore, plain, reference_of, rows, to_record

_WORDS = {"title", "paper", "citation", "licence", "source", "definition", "timm_name", "superseded_by"}
# What may be unknown at first, because whoever printed a result did not say it; once known it never changes.
_COUNTED = {"parameters"}


def upsert_method(session: Session, record: MethodRecord) -> int:
    """Write a method's version; returns its id. Raises :class:`ImmutableRowError`."""
    return _upsert(session, Method, columns_of(record, ("facts",)), ("name", "version"))


def upsert_architecture(session: Session, record: ArchitectureRecord) -> int:
    """Write an architecture; returns its id. Raises :class:`ImmutableRowError` for another input or parameter count."""
    return _upsert(session, Architecture, columns_of(record, ("input_size",)), ("name",))


def upsert_protocol(session: Session, record: ProtocolRecord) -> int:
    """Write a protocol's version; returns its id. Raises :class:`ImmutableRowError`."""
    return _upsert(session, Protocol, columns_of(record, ("facts",)), ("name", "version"))


def upsert_task(session: Session, record: TaskRecord) -> int:
    """Write a task's version; returns its id. Raises :class:`ImmutableRowError`."""
    return _upsert(session, Task, columns_of(record, ("manifest",)), ("name", "version"))


def upsert_suite(session: Session, record: SuiteRecord) -> int:
    """Write a suite's version; returns its id. Raises :class:`ImmutableRowError`."""
    return _upsert(session, Suite, columns_of(record, ("content",)), ("name", "version"))


def upsert_metric(session: Session, record: MetricRecord) -> int:
    """Write a metric's version; returns its id. Raises :class:`ImmutableRowError`."""
    return _upsert(session, Metric, columns_of(record), ("name", "version"))


def upsert_shift(session: Session, record: ShiftRecord) -> int:
    """Write what a task of kind ``shift`` shifts; returns the task's id. Raises :class:`ImmutableRowError`."""
    mark_changed(session)
    task_id = id_of(session, Task, record.task)
    values = columns_of(record, ("conditions",), skip=("task",)) | {"task_id": task_id}
    if insert_or_ignore(session, Shift, values):
        return task_id
    row = session.execute(select(Shift).filter_by(task_id=task_id)).scalar_one()
    _refuse_change("shift", record.task, row, values)
    return task_id


def list_methods(session: Session, *, family: str | None = None, version: int | None = None) -> list[MethodRecord]:
    """The newest version of every method (or those that have ``version``), by name."""
    newest: dict[str, MethodRecord] = {}
    statement = select(Method).order_by(Method.name, Method.version)
    for row in rows(session, statement if version is None else statement.where(Method.version == version)):
        newest[row.name] = to_record(MethodRecord, row)
    return [record for record in newest.values() if family is None or record.family == family]


def list_architectures(session: Session) -> list[ArchitectureRecord]:
    """Every architecture, by name."""
    return [
        to_record(ArchitectureRecord, row) for row in rows(session, select(Architecture).order_by(Architecture.name))
    ]


def list_protocols(session: Session) -> list[ProtocolRecord]:
    """Every version of every protocol, by name."""
    found = rows(session, select(Protocol).order_by(Protocol.name, Protocol.version))
    return [to_record(ProtocolRecord, row) for row in found]


def list_tasks(session: Session, *, kind: str | None = None) -> list[TaskRecord]:
    """Every version of every task, by name."""
    statement = select(Task).order_by(Task.name, Task.version)
    if kind is not None:
        statement = statement.where(Task.kind == kind)
    return [to_record(TaskRecord, row) for row in rows(session, statement)]


def list_shifts(session: Session) -> list[ShiftRecord]:
    """What every task of kind ``shift`` shifts, by task."""
    statement = select(Shift, reference_of(Task)).join(Task, Shift.task_id == Task.id).order_by(Task.name, Task.version)
    return [to_record(ShiftRecord, row, task=task) for row, task in session.execute(statement)]


def list_suites(session: Session) -> list[SuiteRecord]:
    """Every version of every suite, by name."""
    return [to_record(SuiteRecord, row) for row in rows(session, select(Suite).order_by(Suite.name, Suite.version))]


def list_metrics(session: Session) -> list[MetricRecord]:
    """Every version of every metric, by name."""
    return [to_record(MetricRecord, row) for row in rows(session, select(Metric).order_by(Metric.name, Metric.version))]


def get_method(session: Session, name: str) -> MethodRecord | None:
    """The newest version of a method."""
    statement = select(Method).filter_by(name=name).order_by(Method.version.desc()).limit(1)
    row = session.execute(statement).scalar_one_or_none()
    return None if row is None else to_record(MethodRecord, row)


def get_architecture(session: Session, name: str) -> ArchitectureRecord | None:
    """The architecture of that name."""
    row = session.execute(select(Architecture).filter_by(name=name)).scalar_one_or_none()
    return None if row is None else to_record(ArchitectureRecord, row)


def get_protocol(session: Session, reference: str) -> ProtocolRecord | None:
    """The protocol ``name@version``."""
    row = by_reference(session, Protocol, reference)
    return None if row is None else to_record(ProtocolRecord, row)


def get_task(session: Session, reference: str) -> TaskRecord | None:
    """The task ``name@version``."""
    row = by_reference(session, Task, reference)
    return None if row is None else to_record(TaskRecord, row)


def get_suite(session: Session, reference: str) -> SuiteRecord | None:
    """The suite ``name@version``."""
    row = by_reference(session, Suite, reference)
    return None if row is None else to_record(SuiteRecord, row)


def get_metric(session: Session, reference: str) -> MetricRecord | None:
    """The metric ``name@version``."""
    row = by_reference(session, Metric, reference)
    return None if row is None else to_record(MetricRecord, row)


def get_shift(session: Session, task: str) -> ShiftRecord | None:
    """What the task ``name@version`` shifts; None for tasks that shift nothing."""
    owner = by_reference(session, Task, task)
    row = None if owner is None else session.get(Shift, owner.id)
    return None if row is None else to_record(ShiftRecord, row, task=task)


def _upsert(session: Session, table: type[Base], values: dict[str, Any], key: tuple[str, ...]) -> int:
    mark_changed(session)
    named = {name: values[name] for name in key}
    if insert_or_ignore(session, table, values):
        return int(session.execute(select(table).filter_by(**named)).scalar_one().id)  # type: ignore[attr-defined]
    row: Any = session.execute(select(table).filter_by(**named)).scalar_one()
    _refuse_change(table.__tablename__, "@".join(map(str, named.values())), row, values)
    for name in (_WORDS | _COUNTED) & values.keys():
        if values[name] is not None and getattr(row, name) != values[name]:
            setattr(row, name, values[name])
    session.flush()
    return int(row.id)


def _refuse_change(kind: str, name: str, row: Any, values: dict[str, Any]) -> None:
    changed = [
        f"{column} {getattr(row, column)!r} → {value!r}"
        for column, value in sorted(values.items())
        if column not in _WORDS
        and value is not None
        and plain(getattr(row, column)) != plain(value)
        and not (column in _COUNTED and getattr(row, column) is None)
    ]
    if changed:
        raise ImmutableRowError(
            f"The {kind} {name} is recorded and cannot change: {'; '.join(changed)}.",
            "Results point at this version: give the new meaning a new version.",
        )
