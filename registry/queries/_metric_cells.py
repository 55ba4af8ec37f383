"""Which task, protocol and metric of the catalogue a query's ``task.metric`` means."""

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import Session

from ..db.models import Metric, Protocol, Result, Task
from ..errors import UnknownRecordError
from ..query import MetricName
from ..records import MetricMeant
from ._common import Versioned


@dataclass(frozen=True, kw_only=True)
class MetricCell:
    """One cell of the catalogue."""

    meant: MetricMeant
    task_id: int
    protocol_id: int
    metric_id: int
    lower_bound: float | None
    upper_bound: float | None

    def may_be(self, value: float) -> bool:
        """Whether the metric's bounds allow the value."""
        low, high = self.lower_bound, self.upper_bound
        return (low is None or value >= low) and (high is None or value <= high)


def metric_cell(session: Session, name: MetricName) -> MetricCell | None:
    """The cell that ``name`` means: of versions that it leaves open the newest number, else the one with most values.

    (A version that is no number names a publication: two of them have no age.) None: there are no values. Raises
    :class:`UnknownRecordError` for names that the catalogue does not have (with the nearest), and where several
    protocols have values and ``name`` does not say which one.
    """
    _require_known(session, Task, name.task, name.task_version)
    _require_known(session, Metric, name.metric, name.metric_version)
    if name.protocol is not None:
        _require_known(session, Protocol, name.protocol, name.protocol_version)
    found = _with_values(session, name)
    for column in ("task_version", "metric_version"):
        found = _chosen(session, found, column)
    protocols = sorted({row.protocol for row in found})
    if len(protocols) > 1:
        choices = " or ".join(f"{name.task}.{name.metric}@{protocol}" for protocol in protocols)
        raise UnknownRecordError(
            f"{name} was measured by several protocols, which are never one score.", f"Write {choices}."
        )
    found = _chosen(session, found, "protocol_version")
    return _cell(found[0]) if found else None


def _with_values(session: Session, name: MetricName) -> list[Any]:
    """Every cell of that name that has a value."""
    wanted: list[ColumnElement[bool]] = [Task.name == name.task, Metric.name == name.metric]
    if name.task_version is not None:
        wanted.append(Task.version == name.task_version)
    if name.metric_version is not None:
        wanted.append(Metric.version == name.metric_version)
    if name.protocol is not None:
        wanted.append(Protocol.name == name.protocol)
    if name.protocol_version is not None:
        wanted.append(Protocol.version == name.protocol_version)
    has_value = exists().where(*_is_value(Metric.id, Task.id, Protocol.id))
    columns = (
        Task.id.label("task_id"), Task.name.label("task"), Task.version.label("task_version"),
        Metric.id.label("metric_id"), Metric.name.label("metric"), Metric.version.label("metric_version"),
        Protocol.id.label("protocol_id"), Protocol.name.label("protocol"), Protocol.version.label("protocol_version"),
        Metric.unit, Metric.lower_bound, Metric.upper_bound,
    )  # fmt: skip
    # No table names the other two: every combination is tried, a handful of rows each.
    statement = select(*columns).select_from(Task).join(Metric, true()).join(Protocol, true())
    return list(session.execute(statement.where(*wanted, has_value)))


def _chosen(session: Session, found: list[Any], column: str) -> list[Any]:
    """The rows of one version; a numbered version goes before one that names a publication."""
    versions = {str(getattr(row, column)) for row in found}
    if len(versions) < 2:
        return found
    numbers = [int(version) for version in versions if version.isascii() and version.isdigit()]
    chosen = str(max(numbers)) if numbers else _fullest(session, found, column)
    return [row for row in found if str(getattr(row, column)) == chosen]


def _fullest(session: Session, found: list[Any], column: str) -> str:
    """The version with most values, the first by name of several."""
    counts: Counter[str] = Counter()
    for row in found:
        values = select(func.count()).select_from(Result).where(*_is_value(row.metric_id, row.task_id, row.protocol_id))
        counts[str(getattr(row, column))] += session.execute(values).scalar_one()
    return min(counts, key=lambda version: (-counts[version], version))


def _is_value(metric_id: Any, task_id: Any, protocol_id: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        Result.metric_id == metric_id,
        Result.task_id == task_id,
        Result.protocol_id == protocol_id,
        Result.condition == "",
        Result.superseded_by.is_(None),
        Result.value.is_not(None),
    )


def _cell(row: Any) -> MetricCell:
    reference = MetricName(
        task=row.task,
        task_version=row.task_version,
        metric=row.metric,
        metric_version=row.metric_version,
        protocol=row.protocol,
        protocol_version=row.protocol_version,
    )
    return MetricCell(
        meant=MetricMeant(reference=str(reference), unit=row.unit),
        task_id=row.task_id,
        protocol_id=row.protocol_id,
        metric_id=row.metric_id,
        lower_bound=row.lower_bound,
        upper_bound=row.upper_bound,
    )


def _require_known(session: Session, table: Versioned, name: str, version: str | int | None) -> None:
    kind = table.__tablename__
    known = [(row.name, str(row.version)) for row in session.execute(select(table.name, table.version))]
    names = sorted({one for one, _ in known})
    if name not in names:
        raise UnknownRecordError(f"The catalogue has no {kind} {name!r}.", _hint(name, names))
    versions = sorted(one for other, one in known if other == name)
    if version is not None and str(version) not in versions:
        raise UnknownRecordError(
            f"The {kind} {name} has no version {str(version)!r}.", f"Known: {', '.join(versions)}."
        )


def _hint(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known) or 'none yet'}."
