"""Catalogues made once a run; the site never writes, so that tests may share them, or copy one to write to it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_catalogues import add_measured, add_reported, empty_catalogue, slug_of
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import create_app
from leaderboard.catalogue import Catalogue, CatalogueCache
from registry.db.session import make_engine

KINDS = ("empty", "reported", "full")
MISSING = slug_of("rigl", 0.98, 2)


@pytest.fixture(scope="session")
def catalogue_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One SQLite file per kind of catalogue; the full one lacks the fine-tuned result of :data:`MISSING`."""
    folder = tmp_path_factory.mktemp("catalogues")
    files = {kind: folder / f"{kind}.sqlite" for kind in KINDS}
    empty_catalogue(files["empty"]).dispose()
    reported = empty_catalogue(files["reported"])
    add_reported(reported)
    reported.dispose()
    shutil.copy(files["reported"], files["full"])
    full = make_engine(f"sqlite:///{files['full']}")
    add_measured(full, leave_out=MISSING)
    full.dispose()
    return files


@pytest.fixture(scope="session")
def engines(catalogue_files: dict[str, Path]) -> Iterator[dict[str, Engine]]:
    """An engine on each catalogue, for reading."""
    made = {kind: make_engine(f"sqlite:///{file}") for kind, file in catalogue_files.items()}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture
def own_engine(catalogue_files: dict[str, Path], tmp_path: Path) -> Iterator[Engine]:
    """An engine on a copy of the full catalogue, for tests that write."""
    copy = tmp_path / "own.sqlite"
    shutil.copy(catalogue_files["full"], copy)
    engine = make_engine(f"sqlite:///{copy}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def clients(engines: dict[str, Engine]) -> Iterator[dict[str, TestClient]]:
    """A client of the site over each catalogue."""
    made = {kind: TestClient(create_app(engine)) for kind, engine in engines.items()}
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(scope="session")
def full(engines: dict[str, Engine]) -> Catalogue:
    """The catalogue with published and measured rows."""
    return CatalogueCache(engines["full"]).current()


@pytest.fixture(scope="session")
def reported(engines: dict[str, Engine]) -> Catalogue:
    """The catalogue with published rows only."""
    return CatalogueCache(engines["reported"]).current()
