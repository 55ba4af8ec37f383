"""Catalogues: a fresh one for a test, on SQLite and on PostgreSQL, and one with the published rows."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from catalogues import PostgresServer, migrated_sqlite
from sqlalchemy import Engine

from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from registry.reported import load_reported

if TYPE_CHECKING:
    from hub_fixture import RunningHub
    from meddling_hub import MeddlingHub
    from publishing import Publisher
    from shops import Shop

    from zoo.checkpoint.folder import ModelFolder

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database to copy."""
    url = postgres_server.create()
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return str(engine.url.database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated_sqlite(tmp_path_factory.mktemp("template") / "catalogue.sqlite")


@pytest.fixture(params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs on each kind."""
    return str(request.param)


@pytest.fixture
def empty_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


@pytest.fixture
def catalogue_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database without rows."""
    if database_kind == "sqlite":
        path = tmp_path / "catalogue.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create(request.getfixturevalue("postgres_template"))
    yield url
    server.drop(url)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_url)
    yield engine
    engine.dispose()


@pytest.fixture
def catalogue(catalogue_url: str) -> Iterator[Engine]:
    engine = make_engine(catalogue_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_catalogue(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A catalogue without rows, for tests that are not about the database."""
    engine = make_engine(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'sqlite-catalogue.sqlite')}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def reported_catalogue(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A SQLite catalogue with the published rows; tests only read it."""
    path = tmp_path_factory.mktemp("reported") / "catalogue.sqlite"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    with session_scope(engine, write=True) as session:
        load_reported(session)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def dense_shop(hub: "RunningHub", sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> "Shop":
    """A published dense model that tests only read; its catalogue is a file to copy."""
    return _stocked(hub, sqlite_template, tmp_path_factory.mktemp("dense-shop"), 0.0)


@pytest.fixture(scope="session")
def pruned_shop(hub: "RunningHub", sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> "Shop":
    """A published model of which nine tenths are pruned, with both weight files, that tests only read."""
    return _stocked(hub, sqlite_template, tmp_path_factory.mktemp("pruned-shop"), 0.9)


def _stocked(hub: "RunningHub", template: Path, folder: Path, sparsity: float) -> "Shop":
    from shops import open_shop

    engine = make_engine(f"sqlite:///{shutil.copy(template, folder / 'catalogue.sqlite')}")
    shop = open_shop(hub, engine, folder, crc32(folder.name.encode()), sparsity)
    engine.dispose()
    return shop


def _copied(shop: "Shop", folder: Path) -> Iterator["Shop"]:
    """The same published model with a catalogue and a cache of a test's own."""
    engine = make_engine(f"sqlite:///{shutil.copy(str(shop.engine.url.database), folder / 'shop.sqlite')}")
    yield replace(shop, engine=engine, cache=folder / "cache")
    engine.dispose()


@pytest.fixture
def own_shop(hub: "RunningHub", sqlite_catalogue: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> "Shop":
    """A published dense model of this test's own: ``shop`` for tests that change the repository."""
    from shops import open_shop

    return open_shop(hub, sqlite_catalogue, tmp_path, crc32(request.node.nodeid.encode()))


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Shop"]:
    """A published dense model."""
    if "own_shop" in request.fixturenames:
        yield request.getfixturevalue("own_shop")
    else:
        yield from _copied(request.getfixturevalue("dense_shop"), tmp_path)


@pytest.fixture
def sparse_shop(pruned_shop: "Shop", tmp_path: Path) -> Iterator["Shop"]:
    """A published model of which nine tenths are pruned, with both weight files."""
    yield from _copied(pruned_shop, tmp_path)


@pytest.fixture
def empty_catalogue(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A catalogue that knows nothing."""
    engine = make_engine(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'empty.sqlite')}")
    yield engine
    engine.dispose()


@pytest.fixture
def publisher(hub: "RunningHub", sqlite_catalogue: Engine) -> "Publisher":
    """The account of the test run, with a catalogue of this test's own."""
    from publishing import Publisher

    return Publisher(hub, sqlite_catalogue)


@pytest.fixture
def dense(request: pytest.FixtureRequest, tmp_path: Path) -> "ModelFolder":
    """A dense model that no other test has: the hub is shared."""
    from network_folders import write_network

    return write_network(tmp_path / "dense", seed=crc32(request.node.nodeid.encode()))


@pytest.fixture
def pruned(dense: "ModelFolder", publisher: "Publisher", tmp_path: Path) -> "ModelFolder":
    """A pruned model whose dense parent is published."""
    from network_folders import write_network

    from zoo.checkpoint.passport import measure

    publisher(dense)
    parent_hash = measure(dense.weights).densified_hash
    return write_network(tmp_path / "pruned", sparsity=0.9, seed=dense.provenance.replicate, parent_hash=parent_hash)


@pytest.fixture
def between(shop: "Shop") -> Iterator["MeddlingHub"]:
    """A hub that hands everything on to the real one, until a test tells it otherwise."""
    from meddling_hub import meddling_hub

    with meddling_hub(shop.hub.endpoint) as hub:
        yield hub


@pytest.fixture
def target(shop: "Shop", between: "MeddlingHub") -> str:
    """The published commit by way of the hub between; the catalogue knows what it must be."""
    return shop.address(between.endpoint)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer that moves no more is tried again at once."""
    monkeypatch.setattr("registry.download._PAUSE_SECONDS", 0.0)
