"""Kills and full disks while the catalogue is made and filled: sound afterwards, and the same command ends."""

import sqlite3
from pathlib import Path

import harness
import pytest
from small_disk import fill, small_disk
from sqlalchemy import Engine, text

from registry import queries
from registry.db.integrity import require_sound
from registry.db.schema import check_schema, upgrade
from registry.db.session import make_engine, session_scope
from registry.errors import CatalogueError, CatalogueUnavailableError
from registry.reported import load_reported

LOAD = """
import sys
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.reported import load_reported
from registry.settings import load_settings

engine = open_catalogue(load_settings({"PRUNARIUM_HOME": sys.argv[1]}))
with session_scope(engine, write=True) as session:
    load_reported(session)
"""
MODELS, RESULTS = 855, 6368  # counted in the files of registry/reported


@pytest.mark.slow
def test_a_kill_anywhere_while_the_catalogue_is_made_and_filled(tmp_path: Path) -> None:
    """At seeded calls of the registry: nothing half done is seen, and the next run fills it."""
    total = harness.count_calls(["-c", LOAD, str(tmp_path / "whole")], ["registry"])
    # The first calls only import; the end is after the commit.
    for call in harness.seeded_calls(total, 12, seed=2):
        home = tmp_path / f"killed-{call}"
        assert harness.run_killed_at_call(["-c", LOAD, str(home)], ["registry"], call).killed
        _nothing_is_half_done(home / "catalogue.sqlite")
        again = harness.run(["-c", LOAD, str(home)])
        assert again.returncode == 0, again.stderr
        _is_complete(home / "catalogue.sqlite")


@pytest.mark.parametrize(
    "point",
    [
        "registry.queries.bulk:add_models@after#1=kill",
        pytest.param("alembic.command:upgrade@after#1=kill", marks=pytest.mark.slow),
    ],
)
def test_a_kill_inside_a_transaction_leaves_nothing_of_it(tmp_path: Path, point: str) -> None:
    killed = harness.run(["-c", LOAD, str(tmp_path)], faults=[point])
    assert killed.killed
    _nothing_is_half_done(tmp_path / "catalogue.sqlite")
    assert harness.run(["-c", LOAD, str(tmp_path)]).returncode == 0
    _is_complete(tmp_path / "catalogue.sqlite")


def test_a_full_disk_is_one_clear_error_and_the_catalogue_stays_sound(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16 << 20) as disk:
        engine = make_engine(f"sqlite:///{disk}/catalogue.sqlite")
        upgrade(engine)
        filler = fill(disk, leave_bytes=100_000)
        with (
            pytest.raises(CatalogueUnavailableError, match="no space left") as error,
            session_scope(engine, write=True) as session,
        ):
            load_reported(session)
        assert "Free some space" in str(error.value)
        require_sound(engine)
        with session_scope(engine) as session:
            assert queries.list_models(session) == []
        filler.unlink()
        with session_scope(engine, write=True) as session:
            load_reported(session)
        require_sound(engine)
        engine.dispose()


def test_a_disk_that_is_full_from_the_start_makes_no_catalogue(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        filler = fill(disk, leave_bytes=20_000)
        engine = make_engine(f"sqlite:///{disk}/catalogue.sqlite")
        # SQLite itself says "disk full" or "disk I/O error", by where the space ran out.
        with pytest.raises(CatalogueUnavailableError) as error:
            upgrade(engine)
        assert "space" in str(error.value)
        filler.unlink()
        assert upgrade(engine)[0] is None
        engine.dispose()


def test_damage_is_found_by_the_check(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/catalogue.sqlite")
    upgrade(engine)
    require_sound(engine)
    raw = sqlite3.connect(tmp_path / "catalogue.sqlite")
    raw.execute("insert into shift values (99, 'none@1', 0, '[]')")
    raw.commit()
    raw.close()
    with pytest.raises(CatalogueError, match="shift row 99 points to no task"):
        require_sound(engine)
    engine.dispose()


def _engine(path: Path) -> Engine:
    return make_engine(f"sqlite:///{path}")


def _nothing_is_half_done(path: Path) -> None:
    """No file, an empty one, a schema without rows, or everything."""
    if not path.exists():
        return
    engine = _engine(path)
    with engine.connect() as connection:
        tables = connection.execute(text("select count(*) from sqlite_master where type = 'table'")).scalar_one()
    if tables:
        check_schema(engine)
        require_sound(engine)
        with session_scope(engine) as session:
            assert len(queries.list_models(session)) in (0, MODELS)
            assert len(queries.results(session)) in (0, RESULTS)
    engine.dispose()


def _is_complete(path: Path) -> None:
    engine = _engine(path)
    require_sound(engine)
    with session_scope(engine) as session:
        assert len(queries.results(session)) == RESULTS
    engine.dispose()
