"""Backups: written while others write, restored to either database, whole or not at all."""

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import harness
import pytest
from catalogues import PostgresServer
from databases import sqlite_first
from queue_rows import MODEL
from sqlalchemy import Engine, func, insert, select
from upgrade_rows import KEPT, rows_of

from prunarium.cli import run as run_command
from registry import queries
from registry.db.backup import write_backup
from registry.db.copying import catalogue_tables, replace_rows
from registry.db.models import AuditEvent, Model, QuotaEvent, Result
from registry.db.restore import restore
from registry.db.schema import VERSION_TABLE, check_schema, head, upgrade
from registry.db.session import catalogue_version, make_engine, session_scope
from registry.errors import BackupError, CatalogueDamagedError, SchemaBehindError

EVENTS = 300


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kept rows of the first schema, brought to this one: something in almost every table."""
    path = Path(shutil.copy(KEPT / "0001.sqlite", tmp_path_factory.mktemp("filled") / "filled.sqlite"))
    path.chmod(0o644)
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def filled(catalogue: Engine, filled_file: Path) -> Engine:
    """A catalogue with those rows, on either database."""
    with session_scope(catalogue, write=True) as session:
        source = make_engine(f"sqlite:///{filled_file}")
        with session_scope(source) as rows:
            target = session.connection()
            replace_rows(rows.connection(), target, catalogue_tables(target))
        source.dispose()
    return catalogue


@pytest.fixture
def filled_sqlite(filled_file: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{shutil.copy(filled_file, tmp_path / 'catalogue.sqlite')}")
    yield engine
    engine.dispose()


def without_state(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the key of caches, which a restore must raise."""
    return {table: rows for table, rows in rows_of(engine).items() if table != "catalogue_state"}


@sqlite_first
def test_a_backup_is_a_catalogue_with_the_same_rows(filled: Engine, tmp_path: Path) -> None:
    done = write_backup(filled, tmp_path / "backup.sqlite")
    content = done.path.read_bytes()
    assert (done.schema, done.size_bytes, done.sha256) == (head(), len(content), hashlib.sha256(content).hexdigest())
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == ["backup.sqlite"]
    copy = make_engine(f"sqlite:///{done.path}")
    assert check_schema(copy) == head()
    assert rows_of(copy) == rows_of(filled)
    copy.dispose()


def test_a_backup_restores_to_either_database(filled: Engine, empty_sqlite: Engine, tmp_path: Path) -> None:
    done = write_backup(filled, tmp_path / "backup.sqlite")
    restored = restore(done.path, empty_sqlite)
    assert (restored.kept, restored.schema_before, restored.schema) == (None, head(), head())
    assert restored.rows == sum(map(len, rows_of(filled).values()))
    assert without_state(empty_sqlite) == without_state(filled)


@pytest.mark.postgres
def test_rows_go_from_sqlite_to_postgresql_and_counting_goes_on(
    postgres_server: PostgresServer, tmp_path: Path, sqlite_template: Path
) -> None:
    source = make_engine(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'source.sqlite')}")
    with session_scope(source, write=True) as session:
        queries.upsert_model(session, MODEL)
        queries.upsert_model(session, replace(MODEL, slug="gmp/net/0.95", parent=MODEL.slug))
    url = postgres_server.create()
    target = make_engine(url)
    restore(write_backup(source, tmp_path / "backup.sqlite").path, target)
    assert without_state(target) == without_state(source)
    with session_scope(target, write=True) as session:
        highest = session.execute(select(func.max(Model.id))).scalar_one()
        values: dict[str, object] = {"slug": "a/b/0.50", "title": "t", "owner": "o", "method": "m", "architecture": "a"}
        values |= {"sparsity_target": 0.5, "pattern": "unstructured", "replicate": 0, "availability": "make"}
        row = session.execute(insert(Model).values(**values, created_us=1).returning(Model.id)).scalar_one()
    assert row == highest + 1
    for engine in (source, target):
        engine.dispose()
    postgres_server.drop(url)


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[Engine]:
    engine = make_engine(f"sqlite:///{tmp_path}/restored/catalogue.sqlite")
    yield engine
    engine.dispose()


def test_writers_go_on_and_the_backup_is_one_moment(filled: Engine, tmp_path: Path) -> None:
    """Each transaction writes to two tables: in every backup both have the same number of rows."""
    stop = threading.Event()
    written: list[int] = []
    seen: list[int] = []

    def write() -> None:
        with session_scope(filled) as session:
            account = session.execute(select(QuotaEvent.account_id)).scalars().first()
        while not stop.is_set() and len(written) < EVENTS:
            with session_scope(filled, write=True) as session:
                session.add(AuditEvent(actor="w", action="a", subject="s", at_us=1))
                session.flush()
                session.add(QuotaEvent(account_id=account, device_minutes=1.0, reason="r", at_us=1))
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    while len(seen) < 2 or not written:
        done = write_backup(filled, tmp_path / f"backup-{len(seen)}.sqlite")
        copy = make_engine(f"sqlite:///{done.path}")
        with session_scope(copy) as session:
            audits, quotas = (
                session.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (AuditEvent, QuotaEvent)
            )
        copy.dispose()
        assert audits == quotas
        seen.append(audits)
    stop.set()
    writer.join()
    assert seen[-1] > 1, "nothing was written meanwhile: this test says nothing"


def test_an_old_backup_is_upgraded_on_the_way_and_stays_as_it_is(sqlite_catalogue: Engine) -> None:
    before = (KEPT / "0001.sqlite").read_bytes()
    done = restore(KEPT / "0001.sqlite", sqlite_catalogue)
    assert (done.schema_before, done.schema, done.sha256) == ("0001", head(), hashlib.sha256(before).hexdigest())
    assert (KEPT / "0001.sqlite").read_bytes() == before
    with session_scope(sqlite_catalogue) as session:
        assert session.execute(select(func.count()).select_from(Model)).scalar_one() == 3
        assert session.execute(select(Model.recipe)).scalars().all() == [None] * 3


def test_an_older_catalogue_can_be_backed_up_before_its_upgrade(empty: Engine, tmp_path: Path) -> None:
    upgrade(empty, "0001")
    done = write_backup(empty, tmp_path / "backup.sqlite")
    assert done.schema == "0001"
    with pytest.raises(SchemaBehindError, match="prunarium db upgrade"):
        restore(done.path, empty, replace=True)


@sqlite_first
def test_a_catalogue_with_rows_is_replaced_only_when_told_and_kept(
    filled: Engine, sqlite_template: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copy(sqlite_template, tmp_path / "other.sqlite"))
    before = rows_of(filled)
    with session_scope(filled) as session:
        version = catalogue_version(session)
    with pytest.raises(BackupError, match="--replace"):
        restore(other, filled)
    assert rows_of(filled) == before
    done = restore(other, filled, replace=True, keep_in=tmp_path / "kept")
    assert done.kept is not None
    assert done.kept.parent == tmp_path / "kept"
    assert not any(without_state(filled).values())
    with session_scope(filled) as session:
        assert int(catalogue_version(session)) > int(version), "caches would show the old rows"
    kept = make_engine(f"sqlite:///{done.kept}")
    assert rows_of(kept) == before
    kept.dispose()
    assert restore(done.kept, filled).kept is None
    again = restore(other, filled, replace=True, keep_in=tmp_path / "kept")
    assert again.kept is not None
    assert again.kept != done.kept


def test_readers_see_the_old_rows_until_the_new_ones_are_there(filled: Engine, tmp_path: Path) -> None:
    done = write_backup(filled, tmp_path / "backup.sqlite")
    counts: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with session_scope(filled) as session:
                counts.add(session.execute(select(func.count()).select_from(Result)).scalar_one())

    reader = threading.Thread(target=read)
    reader.start()
    restore(done.path, filled, replace=True, keep_in=tmp_path)
    stop.set()
    reader.join()
    assert counts == {2}


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 512 * 512
    content[middle : middle + 512] = b"\xff" * 512
    path.write_bytes(content)


def _another(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("create table something (id integer)")
    connection.close()


def _no_database(path: Path) -> None:
    path.write_bytes(b"GIF89a" * 1000)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"update {VERSION_TABLE} set version_num = '9999'")  # noqa: S608
    connection.close()


def _orphan(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("pragma foreign_keys = off")
        connection.execute("delete from model")
    connection.close()


@pytest.mark.parametrize("harm", [_cut, _flip, _another, _no_database, _empty, _newer, _orphan])
def test_a_bad_file_is_refused_and_nothing_is_lost(
    harm: Callable[[Path], None], filled_sqlite: Engine, tmp_path: Path
) -> None:
    path = Path(shutil.copy(KEPT / "0001.sqlite", tmp_path / "bad.sqlite"))
    path.chmod(0o644)
    harm(path)
    before, content = rows_of(filled_sqlite), path.read_bytes()
    with pytest.raises(BackupError) as error:
        restore(path, filled_sqlite, replace=True, keep_in=tmp_path)
    assert str(path) in error.value.message
    assert error.value.hint
    assert rows_of(filled_sqlite) == before
    assert path.read_bytes() == content


def test_the_expected_sha256_is_required(sqlite_catalogue: Engine, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="has the SHA-256"):
        restore(KEPT / "0001.sqlite", sqlite_catalogue, sha256="0" * 64)
    digest = hashlib.sha256((KEPT / "0001.sqlite").read_bytes()).hexdigest()
    assert restore(KEPT / "0001.sqlite", sqlite_catalogue, sha256=digest.upper()).rows


def test_a_backup_never_overwrites_a_file(sqlite_catalogue: Engine, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(BackupError, match="never overwritten"):
        write_backup(sqlite_catalogue, tmp_path / "precious")
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_damaged_catalogue_cannot_be_backed_up_but_replaced(tmp_path: Path) -> None:
    """Its rows cannot be kept, its file is."""
    path = tmp_path / "catalogue.sqlite"
    shutil.copy(KEPT / "0001.sqlite", path)
    path.chmod(0o644)
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    write_backup(engine, tmp_path / "good.sqlite")
    engine.dispose()
    _flip(path)
    with pytest.raises(CatalogueDamagedError, match="damaged"):
        write_backup(engine, tmp_path / "backup.sqlite")
    assert not (tmp_path / "backup.sqlite").exists()
    with pytest.raises(CatalogueDamagedError, match="restore FILE --replace"):
        restore(tmp_path / "good.sqlite", engine)
    done = restore(tmp_path / "good.sqlite", engine, replace=True)
    assert done.kept == tmp_path / "catalogue.before-restore-1.sqlite"
    with session_scope(engine) as session:
        assert session.execute(select(func.count()).select_from(Model)).scalar_one() == 3
    engine.dispose()


@sqlite_first
def test_a_restore_that_is_killed_leaves_the_old_catalogue(
    filled: Engine, catalogue_url: str, sqlite_template: Path, tmp_path: Path
) -> None:
    """SIGKILL when most of the tables hold other rows."""
    other = Path(shutil.copy(sqlite_template, tmp_path / "other.sqlite"))
    before = rows_of(filled)
    filled.dispose()
    outcome = harness.run(
        ["-m", "prunarium", "db", "restore", str(other), "--replace"],
        faults=["registry.db.copying:_copy@after#20=kill"],
        environ={"PRUNARIUM_DATABASE_URL": catalogue_url, "PRUNARIUM_HOME": str(tmp_path)},
    )
    assert outcome.killed, outcome.stderr
    assert rows_of(filled) == before


def test_a_backup_that_is_killed_leaves_no_file(filled_sqlite: Engine, tmp_path: Path) -> None:
    filled_sqlite.dispose()
    outcome = harness.run(
        ["-m", "prunarium", "db", "backup", str(tmp_path / "backup.sqlite")],
        faults=["registry.db.backup:into_one_file@before#1=kill"],
        environ={"PRUNARIUM_DATABASE_URL": str(filled_sqlite.url), "PRUNARIUM_HOME": str(tmp_path)},
    )
    assert outcome.killed, outcome.stderr
    assert not (tmp_path / "backup.sqlite").exists()
    assert write_backup(filled_sqlite, tmp_path / "backup.sqlite").schema == head()


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", f"sqlite:///{tmp_path}/catalogue.sqlite")
    assert run_command(["db", "backup", str(tmp_path / "none.sqlite")]) == 1
    assert "prunarium db upgrade" in capsys.readouterr().err
    assert run_command(["db", "restore", str(KEPT / "0001.sqlite"), "--json"]) == 0
    restored = json.loads(capsys.readouterr().out)
    assert (restored["schema_before"], restored["schema"], restored["kept"]) == ("0001", head(), None)
    assert run_command(["db", "backup", str(tmp_path / "b.sqlite"), "--json"]) == 0
    assert (
        json.loads(capsys.readouterr().out)["sha256"]
        == hashlib.sha256((tmp_path / "b.sqlite").read_bytes()).hexdigest()
    )
    assert run_command(["db", "restore", str(tmp_path / "b.sqlite")]) == 1
    assert "--replace" in capsys.readouterr().err
    assert run_command(["db", "restore", str(tmp_path / "b.sqlite"), "--replace"]) == 0
    assert "catalogue.before-restore-1.sqlite" in capsys.readouterr().err
