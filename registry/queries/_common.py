"""What the queries share: references by name, plain JSON, and the insert that tolerates a twin."""

import json
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, String, cast, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from zoo.core.canonical import canonical_json

from ..db.base import Base
from ..db.models import Metric, Protocol, Suite, Task
from ..errors import UnknownRecordError

R = TypeVar("R")
Versioned = type[Task] | type[Protocol] | type[Metric] | type[Suite]


def split_reference(reference: str, kind: str) -> tuple[str, str]:
    """``name@version`` in two; raises :class:`UnknownRecordError` when the version is missing.

    >>> split_reference("cifar10@ist2022", "task")
    ('cifar10', 'ist2022')
    """
    name, separator, version = reference.rpartition("@")
    if not separator or not name or not version:
        raise UnknownRecordError(f"{reference!r} names no {kind}.", "Write it as name@version, such as cifar10@1.")
    return name, version


def by_reference(session: Session, table: Versioned, reference: str) -> Any | None:
    """The row of ``name@version``, or None."""
    name, version = split_reference(reference, table.__tablename__)
    if table is Metric and not version.isdigit():
        return None
    wanted: Any = int(version) if table is Metric else version
    return session.execute(select(table).filter_by(name=name, version=wanted)).scalar_one_or_none()


def id_of(session: Session, table: Versioned, reference: str) -> int:
    """The id of ``name@version``; raises :class:`UnknownRecordError` that suggests the nearest reference."""
    row = by_reference(session, table, reference)
    if row is not None:
        return int(row.id)
    known = [f"{name}@{version}" for name, version in session.execute(select(table.name, table.version))]
    raise unknown(table.__tablename__, reference, known)


def unknown(kind: str, name: str, known: list[str]) -> UnknownRecordError:
    """The error for a name that the catalogue does not have."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else None
    return UnknownRecordError(f"The catalogue has no {kind} {name!r}.", hint)


def reference_of(table: Versioned) -> ColumnElement[str]:
    """``name@version`` as a column."""
    return table.name + "@" + cast(table.version, String)


def insert_or_ignore(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert one row; False when a unique constraint is taken already (also by a concurrent writer)."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(*table.__mapper__.primary_key)
    return session.execute(statement).first() is not None


def plain(value: Any) -> Any:
    """Tuples as lists and so on: what JSON gives back, so that a comparison with a stored value is fair."""
    return json.loads(canonical_json(value))


def columns_of(record: Any, json_columns: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a record as column values."""
    return {
        field.name: plain(getattr(record, field.name)) if field.name in json_columns else getattr(record, field.name)
        for field in fields(record)
        if field.name not in skip
    }


def to_record(kind: type[R], row: Any, **given: Any) -> R:
    """A record from a row: ``given`` fields, then columns of the same name; JSON lists become tuples."""
    values = dict(given)
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in values:
            value = getattr(row, field.name)
            values[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def rows(session: Session, statement: Select[Any]) -> list[Any]:
    """All entities of a one-entity select."""
    return list(session.execute(statement).scalars())
