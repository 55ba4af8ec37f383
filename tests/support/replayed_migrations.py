"""Migrating an empty SQLite database, done by Alembic once in a process and then repeated from what SQLite remembers.

Hundreds of tests begin with an empty catalogue, and the migrations take a quarter of a second each time. Everything
else is left to Alembic: PostgreSQL, an older version as the goal, a catalogue that has one already.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from registry.db import schema

_statements: list[str] = []


@pytest.fixture(autouse=True, scope="session")
def replayed_migrations() -> Iterator[None]:
    """All tests of a run that import the registry share the migrated schema."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "upgrade", _upgrade(command.upgrade))
        yield


def _upgrade(migrate: Callable[..., Any]) -> Callable[[Config, str], None]:
    def upgrade(config: Config, to: str) -> None:
        connection: Connection = config.attributes["connection"]
        if connection.dialect.name != "sqlite" or to != "head" or _schema_of(connection):
            migrate(config, to)
        elif _statements:
            for statement in _statements:
                connection.exec_driver_sql(statement)
        else:
            migrate(config, to)
            _statements.extend(_schema_of(connection))
            _statements.append(f"insert into {schema.VERSION_TABLE} values ('{schema.head()}')")  # noqa: S608

    return upgrade


def _schema_of(connection: Connection) -> list[str]:
    """The statements that made its tables, indexes and triggers, in the order in which they were made."""
    made = connection.exec_driver_sql(
        "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by rowid"
    )
    return [statement for (statement,) in made]
