"""A copy of a catalogue while it is in use: one SQLite file, whatever database it came from.

The file is a catalogue itself: ``PRUNARIUM_DATABASE_URL=sqlite:///FILE`` opens it, and ``prunarium db restore`` puts
its rows into SQLite or PostgreSQL.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from zoo.core.files import atomic_file, sha256_of_file

from ..errors import BackupError
from .copying import catalogue_tables, replace_rows
from .failures import unavailable
from .integrity import require_sound
from .schema import require_catalogue, upgrade
from .session import make_engine, reading, session_scope


@dataclass(frozen=True)
class Backup:
    """A finished file: its schema version, size and SHA-256 (64 hex digits)."""

    path: Path
    schema: str
    size_bytes: int
    sha256: str


def write_backup(engine: Engine, path: Path) -> Backup:
    """Write all that is committed now to a new file; writers go on meanwhile, and a failure leaves no file.

    The catalogue may be of an older schema. Raises :class:`~registry.errors.BackupError` for a file that exists and
    :class:`~registry.errors.CatalogueError` for a catalogue that cannot be read or is damaged.
    """
    if path.exists():
        raise BackupError(f"{path} exists already, and a backup is never overwritten.", "Name a new file.")
    version = require_catalogue(engine)
    with atomic_file(path) as temporary:
        if engine.dialect.name == "sqlite":
            _copy_pages(engine, temporary)
        else:
            _copy_rows(engine, temporary, version)
        copy = make_engine(f"sqlite:///{temporary}")
        try:
            require_sound(copy)
        finally:
            copy.dispose()
        into_one_file(temporary)
        digest = sha256_of_file(temporary)
    return Backup(path, version, path.stat().st_size, digest)


def _copy_pages(engine: Engine, path: Path) -> None:
    """All pages in one step: in write-ahead mode that is one snapshot, and no writer waits for it."""
    try:
        with reading(engine).connect() as connection, closing(sqlite3.connect(path)) as copy:
            cast("sqlite3.Connection", connection.connection.driver_connection).backup(copy, pages=-1)
    except DBAPIError as error:
        raise unavailable(engine.url, error) from error
    except sqlite3.Error as error:
        raise unavailable(engine.url, DBAPIError("backup", None, error)) from error


def _copy_rows(engine: Engine, path: Path, version: str) -> None:
    """All rows of one transaction, into the same schema made by the migrations."""
    copy = make_engine(f"sqlite:///{path}")
    try:
        upgrade(copy, version)
        with session_scope(engine) as source, session_scope(copy, write=True) as target:
            replace_rows(source.connection(), target.connection(), catalogue_tables(target.connection()))
    finally:
        copy.dispose()


def into_one_file(path: Path) -> None:
    """Without a write-ahead log beside it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("pragma journal_mode = delete")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
