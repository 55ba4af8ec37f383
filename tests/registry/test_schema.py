"""The catalogue is created, upgraded, recognised, and refused with the next thing to type."""

import os
import re
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from queue_rows import MODEL
from sqlalchemy import Engine, MetaData, Table, delete, insert, inspect, select, text
from upgrade_rows import KEPT

from registry import queries
from registry.db.base import NAMING, Base
from registry.db.copying import catalogue_tables
from registry.db.schema import VERSION_TABLE, check_schema, head, open_catalogue, upgrade, versions
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
# What a migration writes anew on purpose: schema 0003 gives the hub's store another address.
REWRITTEN = {"hub_store": "store_id"}


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


def test_a_database_is_kept_of_every_former_version() -> None:
    """Made by that version's own code (`upgrade_assets/create.py`), for both databases."""
    assert {path.stem for path in KEPT.glob("*.sqlite")} >= set(versions()[:-1])
    assert {path.stem for path in KEPT.glob("*.sql")} >= set(versions()[:-1])


@pytest.mark.parametrize(
    "version",
    # The first takes all steps of the others.
    [versions()[0], *(pytest.param(version, marks=pytest.mark.slow) for version in versions()[1:-1])],
)
def test_a_kept_database_upgrades_keeps_its_rows_and_becomes_todays_schema(
    version: str, database_kind: str, empty_url: str, catalogue: Engine
) -> None:
    engine = _kept(version, database_kind, empty_url)
    before = rows_by_column(engine)
    assert upgrade(engine) == (version, head())
    assert reflected(engine) == reflected(catalogue)
    after = rows_by_column(engine)
    for table, rows in before.items():
        assert len(after[table]) >= len(rows) > 0
        for old, new in zip(rows, after[table], strict=False):
            kept = (old.keys() & new.keys()) - {REWRITTEN.get(table)}
            assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
    with session_scope(engine, write=True) as session:
        queries.upsert_model(session, MODEL)
        assert {model.name for model in queries.list_models(session)} > {"dense/net/0.00", "org/net"}
        assert queries.find_models(session, "has:bytes digits.top1@linear>0.5").total == 1
    engine.dispose()


def test_every_kept_database_has_rows_in_all_tables_of_its_version(tmp_path: Path) -> None:
    for path in KEPT.glob("*.sqlite"):
        engine = make_engine(f"sqlite:///{shutil.copyfile(path, tmp_path / path.name)}")
        assert all(rows_by_column(engine).values()), path.name
        engine.dispose()


def _kept(version: str, database_kind: str, empty_url: str) -> Engine:
    """A copy of a kept database in the empty one of this test."""
    engine = make_engine(empty_url)
    if database_kind == "sqlite":
        shutil.copyfile(KEPT / f"{version}.sqlite", str(engine.url.database))
        return engine
    with engine.begin() as connection:
        connection.exec_driver_sql((KEPT / f"{version}.sql").read_text().replace("%", "%%"))
    # The dump ends with an empty search path: the next connection has its own.
    engine.dispose()
    return engine


def rows_by_column(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """The rows of every table by the names of their columns."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in catalogue_tables(connection)
        }


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
            "checks": sorted((c["name"] or "", _plain(c["sqltext"])) for c in inspector.get_check_constraints(table)),
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


def _plain(condition: str) -> str:
    """Without casts and brackets: PostgreSQL writes a constraint that came from a dump in another way."""
    return re.sub(r"::[a-z ]+(\[\])?|[()]", "", condition)


def _options(index: Any) -> list[tuple[str, str]]:
    return sorted((name, _plain(str(value))) for name, value in index.get("dialect_options", {}).items())


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
