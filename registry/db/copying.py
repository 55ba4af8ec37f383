"""All rows of one database into another of the same schema, whatever the two are."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, MetaData, Table, bindparam, func, insert, select, text, update

from .schema import VERSION_TABLE

_ROWS_AT_ONCE = 500
# What a new catalogue writes by itself: a key of caches.
_BY_ITSELF = {"catalogue_state"}


def catalogue_tables(connection: Connection) -> list[Table]:
    """The tables as they are in the database, referenced ones first; the version table is left out."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]
    for column in (column for table in tables for column in table.columns):
        if isinstance(column.type, JSON):
            column.type = JSON(none_as_null=True)  # a missing document is SQL NULL, as in the models
    return tables


def has_rows(connection: Connection, tables: Sequence[Table]) -> bool:
    """Whether anything would be lost if all rows went."""
    return any(
        connection.execute(select(1).select_from(table).limit(1)).first()
        for table in tables
        if table.name not in _BY_ITSELF
    )


def lock_tables(connection: Connection, tables: Sequence[Table]) -> None:
    """Keep other writers out until the transaction ends; readers go on. (SQLite's write transactions do so anyway.)"""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in tables)
        connection.execute(text(f"lock table {names} in exclusive mode"))


def replace_rows(source: Connection, target: Connection, tables: Sequence[Table]) -> int:
    """Delete the rows of the target's ``tables`` and write the source's; returns how many. The schemas are the same."""
    sources = {table.name: table for table in catalogue_tables(source)}
    for table in reversed(tables):
        target.execute(table.delete())
    copied = sum(_copy(source, sources[table.name], target, table) for table in tables)
    if target.dialect.name == "postgresql":
        for table in tables:
            _go_on_counting(target, table)
    return copied


def _copy(source: Connection, there: Table, target: Connection, here: Table) -> int:
    """Rows that point at others of their table get the pointer when all are there."""
    pointers = [column.name for column in here.columns if _points_home(column, here)]
    key = [column.name for column in here.primary_key]
    copied, later = 0, []
    for rows in _pages(source, there):
        for row in rows:
            if any(row[name] is not None for name in pointers):
                later.append({f"this_{name}": row[name] for name in (*key, *pointers)})
            row.update(dict.fromkeys(pointers))
        target.execute(insert(here), rows)
        copied += len(rows)
    if later:
        wanted = [here.c[name] == bindparam(f"this_{name}") for name in key]
        values: dict[str, Any] = {name: bindparam(f"this_{name}") for name in pointers}
        target.execute(update(here).where(*wanted).values(values), later)
    return copied


def _pages(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Never the whole table in memory: results have kilobytes each."""
    statement = select(table).order_by(*table.primary_key).execution_options(yield_per=_ROWS_AT_ONCE)
    with source.execute(statement) as found:
        for rows in found.mappings().partitions():
            yield [dict(row) for row in rows]


def _points_home(column: Any, table: Table) -> bool:
    return any(key.column.table is table for key in column.foreign_keys)


def _go_on_counting(target: Connection, table: Table) -> None:
    """Rows came with their numbers; the next one must be higher."""
    key = list(table.primary_key)
    if len(key) != 1 or key[0].type.python_type is not int:
        return
    sequence = target.execute(select(func.pg_get_serial_sequence(f'"{table.name}"', key[0].name))).scalar()
    if sequence is not None:
        highest = select(func.coalesce(func.max(key[0]), 0) + 1).scalar_subquery()
        target.execute(select(func.setval(sequence, highest, False)))
