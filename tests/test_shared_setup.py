"""What the set-up of all tests changes is still real: shapes are checked, a replayed schema is a migrated one."""

import sqlite3
from pathlib import Path

import harness
import numpy as np
import pytest
from catalogues import migrated_sqlite
from jaxtyping import TypeCheckError

from benchmark.metrics.calibration_error import binned_error

MIGRATE = """
import sys
from registry.db.schema import upgrade
from registry.db.session import make_engine
upgrade(make_engine(f"sqlite:///{sys.argv[1]}"))
"""


def test_public_signatures_are_checked() -> None:
    with pytest.raises(TypeCheckError):
        binned_error(np.ones((2, 2)), np.ones(2))


def test_a_replayed_schema_is_the_migrated_one(tmp_path: Path) -> None:
    done = harness.run(["-c", MIGRATE, str(tmp_path / "migrated.sqlite")])
    assert done.returncode == 0, done.stderr
    migrated_sqlite(tmp_path / "first.sqlite")  # by now a schema is remembered
    migrated_sqlite(tmp_path / "replayed.sqlite")
    migrated, replayed = (_content(tmp_path / f"{name}.sqlite") for name in ("migrated", "replayed"))
    assert len(migrated) > 50
    assert replayed == migrated


def _content(path: Path) -> set[tuple[object, ...]]:
    """All statements, and how many rows every table has."""
    with sqlite3.connect(path) as connection:
        made = [
            # Alembic writes a table's constraints in the order of a set
            (kind, name, frozenset(line.strip().rstrip(",") for line in (sql or "").splitlines()))
            for kind, name, sql in connection.execute("select type, name, sql from sqlite_master")
        ]
        counts = [
            (name, *connection.execute(f'select * from "{name}"').fetchall())  # noqa: S608
            for kind, name, _ in made
            if kind == "table"
        ]
    connection.close()
    return {*made, *counts}
