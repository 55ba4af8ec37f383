"""The catalogue is created, upgraded, recognised, and refused with the next thing to type."""

import os
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, Table, delete, insert, inspect, text

from registry.db.base import NAMING, Base
from registry.db.models import Model
from registry.db.schema import VERSION_TABLE, check_schema, head, open_catalogue, upgrade
from registry.db.session import make_engine, session_scope
from registry.errors import (
    CatalogueError,
    CatalogueUnavailableError,
    NotACatalogueError,
    SchemaAheadError,
    SchemaBehindError,
    SettingsError,
)
from registry.settings import load_settings

UPGRADE = "prunarium db upgrade"


def test_upgrade_creates_the_schema_and_does_nothing_the_second_time(empty: Engine) -> None:
    assert upgrade(empty) == (None, head())
    assert upgrade(empty) == (head(), head())
    assert check_schema(empty) == head()


def test_two_first_starts_at_once_make_one_schema(empty_url: str) -> None:
    """Each in a thread of its own, released together; the loser finds the work done."""
    barrier, outcomes = threading.Barrier(4), []

    def start() -> None:
        engine = make_engine(empty_url)
        barrier.wait()
        outcomes.append(upgrade(engine))
        engine.dispose()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [(head(), head())] * 3 + [(None, head())]


def test_models_and_migrations_describe_the_same_schema(empty: Engine, catalogue: Engine) -> None:
    """`alembic check` does not see checks; so everything is reflected and compared."""
    Base.metadata.create_all(empty)
    assert reflected(empty) == reflected(catalogue)


def test_the_comparison_sees_a_forgotten_check_and_index(empty: Engine, catalogue: Engine) -> None:
    """What the test above relies on: the same tables with one constraint less are told apart."""
    metadata = MetaData(naming_convention=NAMING)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(metadata)
    result = metadata.tables["result"]
    result.constraints = {one for one in result.constraints if one.name != "ck_result_interval"}
    result.indexes = {one for one in result.indexes if one.name != "uq_result_source"}
    metadata.create_all(empty)
    found, expected = reflected(empty), reflected(catalogue)
    assert {table for table in expected if found[table] != expected[table]} == {"result"}
    assert found["result"]["checks"] != expected["result"]["checks"]
    assert found["result"]["indexes"] != expected["result"]["indexes"]


def test_a_missing_sqlite_file_is_created_on_opening(tmp_path: Path) -> None:
    settings = load_settings({"PRUNARIUM_HOME": str(tmp_path / "new" / "home")})
    engine = open_catalogue(settings)
    assert check_schema(engine) == head()
    engine.dispose()


def test_a_missing_file_is_not_created_when_asked_not_to(tmp_path: Path) -> None:
    settings = load_settings({"PRUNARIUM_HOME": str(tmp_path)})
    with pytest.raises(CatalogueUnavailableError, match="no catalogue") as error:
        open_catalogue(settings, create=False)
    assert UPGRADE in str(error.value)
    assert not (tmp_path / "catalogue.sqlite").exists()


def test_an_empty_database_is_refused_with_the_command(empty: Engine) -> None:
    with empty.connect():
        pass  # a SQLite file comes into being with its first connection
    with pytest.raises(SchemaBehindError, match="has schema none") as error:
        check_schema(empty)
    assert UPGRADE in str(error.value)


def test_an_older_schema_is_refused_with_the_command_and_not_touched(catalogue: Engine) -> None:
    """Emptied version table: what a schema before the first one would look like to the code."""
    _set_version(catalogue, None)
    with pytest.raises(SchemaBehindError, match="has schema none") as error:
        check_schema(catalogue)
    assert UPGRADE in str(error.value)


def test_a_newer_schema_is_refused_and_says_what_to_do(catalogue: Engine) -> None:
    _set_version(catalogue, "9999")
    for attempt in (check_schema, upgrade):
        with pytest.raises(SchemaAheadError, match=r"9999.*newer than this code") as error:
            attempt(catalogue)
        assert "pip install --upgrade prunarium" in str(error.value)


def test_another_projects_database_is_refused_and_left_alone(empty: Engine) -> None:
    with empty.begin() as connection:
        # Alembic's default table: even another Alembic project is not taken for ours.
        connection.execute(text("create table alembic_version (version_num varchar(32))"))
        connection.execute(text("insert into alembic_version values ('0001')"))
    for attempt in (check_schema, upgrade):
        with pytest.raises(NotACatalogueError, match="alembic_version"):
            attempt(empty)
    assert inspect(empty).get_table_names() == ["alembic_version"]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(b"GIF89a" * 1000)
    with pytest.raises(NotACatalogueError, match="not a database"):
        open_catalogue(load_settings({"PRUNARIUM_HOME": str(tmp_path)}))
    assert path.read_bytes() == b"GIF89a" * 1000


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CatalogueUnavailableError, match="cannot be made"):
        open_catalogue(load_settings({"PRUNARIUM_HOME": str(tmp_path / "file" / "home")}))


def test_a_catalogue_without_the_right_to_write_says_so(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    shutil.copy(sqlite_template, path)
    path.chmod(0o444)
    if os.access(path, os.W_OK):
        # Root writes anywhere: SQLite's own read-only mode stands in for the missing right.
        engine = make_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    else:
        engine = make_engine(f"sqlite:///{path}")
    with (
        pytest.raises(CatalogueUnavailableError, match="cannot be written"),
        session_scope(engine, write=True) as session,
    ):
        session.execute(text("insert into catalogue_state values (1, 1)"))
    engine.dispose()


def test_a_failing_migration_leaves_the_old_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DDL is inside the transaction: half a schema is never seen, on SQLite too."""
    engine = make_engine(f"sqlite:///{tmp_path}/catalogue.sqlite")
    with engine.begin() as connection:
        connection.execute(text(f"create table {VERSION_TABLE} (version_num varchar(32) not null)"))
        # The last table of the migration: everything before it has been created by then.
        connection.execute(text("create table transition (id integer)"))
    with pytest.raises(CatalogueError, match="already exists"):
        upgrade(engine)
    assert inspect(engine).get_table_names() == [VERSION_TABLE, "transition"]
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://host/db", "nonsense", "postgresql://ann@host:port/db"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"database|support"):
        make_engine(url)


def test_a_drivers_name_in_the_address_changes_nothing() -> None:
    engine = make_engine("sqlite+aiosqlite://")
    assert engine.driver == "pysqlite"
    engine.dispose()


def test_the_kept_database_of_version_0001_upgrades_and_works(tmp_path: Path) -> None:
    """A real file, made by `upgrade_assets/create.py` when 0001 was current, with rows in it."""
    path = tmp_path / "0001.sqlite"
    shutil.copy(Path(__file__).parent / "upgrade_assets" / "0001.sqlite", path)
    path.chmod(0o644)
    engine = make_engine(f"sqlite:///{path}")
    before, after = upgrade(engine)
    assert (before, after) == ("0001", head())
    with session_scope(engine) as session:
        assert session.query(Model).count() == 3
    engine.dispose()


def _set_version(engine: Engine, version: str | None) -> None:
    with engine.begin() as connection:
        table = Table(VERSION_TABLE, MetaData(), autoload_with=connection)
        connection.execute(delete(table))
        if version is not None:
            connection.execute(insert(table).values(version_num=version))


def reflected(engine: Engine) -> dict[str, dict[str, object]]:
    """Columns, keys, uniques, checks, foreign keys and indexes of every table, without order."""
    inspector = inspect(engine)
    return {
        table: {
            "columns": sorted((c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)),
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "uniques": sorted((u["name"] or "", u["column_names"]) for u in inspector.get_unique_constraints(table)),
            "checks": sorted((c["name"] or "", c["sqltext"]) for c in inspector.get_check_constraints(table)),
            "foreign": sorted(
                (f["name"] or "", f["constrained_columns"], f["referred_table"], str(f["options"]))
                for f in inspector.get_foreign_keys(table)
            ),
            "indexes": sorted(
                (i["name"] or "", i["column_names"], bool(i["unique"]), _options(i))
                for i in inspector.get_indexes(table)
            ),
        }
        for table in inspector.get_table_names()
        if table != VERSION_TABLE
    }


def _options(index: Any) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in index.get("dialect_options", {}).items())


def test_sqlite_settings_hold_on_every_connection(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "catalogue.sqlite")
    engine = make_engine(f"sqlite:///{tmp_path}/catalogue.sqlite")
    with session_scope(engine) as one, session_scope(engine) as other:
        for session in (one, other):
            assert session.execute(text("pragma foreign_keys")).scalar() == 1
            assert session.execute(text("pragma journal_mode")).scalar() == "wal"
            assert session.execute(text("pragma busy_timeout")).scalar() == 30_000
            raw = session.connection().connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            assert raw.isolation_level is None
    engine.dispose()
