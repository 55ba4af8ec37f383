"""The one place that makes engines and sessions; every transaction of the project runs through it."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, case, create_engine, event, make_url, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from ..errors import InvalidRecordError, SettingsError
from .failures import unavailable
from .plugin_tables import CatalogueState

BUSY_TIMEOUT_SECONDS = 30.0
_ACCESS = "prunarium_access"  # execution option: "read", "write" or absent (migrations)

_CHANGED = "catalogue_changed"  # in Session.info

_NOW_US = {
    # julianday has milliseconds; unixepoch('subsec') would need SQLite 3.42.
    "sqlite": text("select cast(round((julianday('now') - 2440587.5) * 86400000.0) as integer) * 1000"),
    # Not now(): that is the start of the transaction, which may have waited for a lock.
    "postgresql": text("select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)"),
}


def make_engine(url: str) -> Engine:
    """An engine for ``sqlite:///…`` or ``postgresql://…``.

    SQLite: WAL, foreign keys on, a busy timeout, and transactions begun by us (the driver's own would let two threads
    claim one job). PostgreSQL: psycopg. Raises :class:`SettingsError` for any other address.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise SettingsError(
            "The database address cannot be read.", "Expected sqlite:///FILE or postgresql://…"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql_engine(parsed)
    raise SettingsError(
        f"There is no support for a {parsed.get_backend_name()} database.",
        "Set PRUNARIUM_DATABASE_URL to sqlite:///FILE or postgresql://…",
    )


@contextmanager
def session_scope(engine: Engine, *, write: bool = False) -> Iterator[Session]:
    """One transaction: committed when the block ends well, rolled back otherwise, closed always.

    Reads see one snapshot and cannot write (the database refuses). Writes take the lock at once (``BEGIN IMMEDIATE``)
    on SQLite. Driver errors arrive as :class:`~registry.errors.CatalogueUnavailableError` (or a sibling), a broken
    constraint as :class:`~registry.errors.InvalidRecordError`.
    """
    options: dict[str, Any] = {_ACCESS: "write" if write else "read"}
    if engine.dialect.name == "postgresql" and not write:
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    session = Session(engine.execution_options(**options), expire_on_commit=False)
    try:
        with session.begin():
            yield session
            if session.info.get(_CHANGED):
                _raise_version(session)
    except IntegrityError as error:
        raise InvalidRecordError(f"The catalogue refused a row: {error.orig}.") from error
    except DBAPIError as error:
        raise unavailable(engine.url, error) from error
    finally:
        session.close()


def reading(engine: Engine) -> Engine:
    """The same engine, whose transactions cannot write and wait for no writer."""
    return engine.execution_options(**{_ACCESS: "read"})


def now_us(session: Session) -> int:
    """Microseconds since 1970 by the database's clock, so that workers with wrong clocks agree."""
    dialect = session.get_bind().dialect.name
    return int(session.execute(_NOW_US[dialect]).scalar_one())


def mark_changed(session: Session) -> None:
    """Say that this transaction changes what pages show; its commit then raises :func:`catalogue_version`."""
    session.info[_CHANGED] = True


def catalogue_version(session: Session) -> str:
    """Changes whenever models, plugins or results change (not with every heartbeat): a key for caches."""
    return str(session.execute(select(CatalogueState.version)).scalar_one_or_none() or 0)


def _raise_version(session: Session) -> None:
    """Last in its transaction, so that the one row that every writer wants is locked for a moment only."""
    # At least the time: a database that is deleted and made again never repeats a version.
    now = now_us(session)
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    risen = case((CatalogueState.version < now, now), else_=CatalogueState.version + 1)
    statement = insert(CatalogueState).values(id=1, version=now)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"version": risen}))


def _sqlite_engine(url: URL) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    engine = create_engine(
        url.set(drivername="sqlite"),
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        # A database in memory lives as long as its one connection.
        **({"poolclass": StaticPool} if in_memory else {}),
    )

    def on_connect(connection: Any, _record: object) -> None:
        connection.execute("pragma foreign_keys = on")
        connection.execute(f"pragma busy_timeout = {int(BUSY_TIMEOUT_SECONDS * 1000)}")
        if not in_memory:
            _use_wal(connection)
            # In WAL mode a power cut may lose the last commits but never the database.
            connection.execute("pragma synchronous = normal")

    def on_begin(connection: Connection) -> None:
        access = connection.get_execution_options().get(_ACCESS)
        connection.exec_driver_sql(f"pragma query_only = {int(access == 'read')}")
        connection.exec_driver_sql("begin" if access == "read" else "begin immediate")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


def _use_wal(connection: Any) -> None:
    """Write-ahead logging; of several first connections one makes the change, which the busy timeout does not cover."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _postgresql_engine(url: URL) -> Engine:
    try:
        return create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except (ImportError, NoSuchModuleError) as error:
        raise SettingsError("PostgreSQL needs the psycopg driver.", "pip install 'prunarium[postgres]'") from error


def sqlite_file(engine: Engine) -> Path | None:
    """The file of a SQLite engine; None for PostgreSQL and for databases in memory."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return None
    return Path(database)
