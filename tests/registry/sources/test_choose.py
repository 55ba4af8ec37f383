"""Which source answers: the order, and that no failure changes it."""

import sqlite3
from pathlib import Path

import pytest

from registry.db.schema import open_catalogue
from registry.errors import CatalogueError, LoginError, NotACatalogueError, ServerAddressError
from registry.logins import write_login
from registry.server_address import ServerAddress
from registry.settings import load_settings
from registry.sources import LocalSource, RemoteSource, SnapshotSource, Source, choose_source, chosen_source

FIRST, SECOND = "https://first.example.org", "https://second.example.org"


@pytest.fixture
def home() -> Path:
    return load_settings().home


def address_of(source: Source) -> str:
    assert isinstance(source, RemoteSource)
    return str(source.address)


def test_the_environment_the_login_the_catalogue_the_published_rows(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(choose_source(load_settings()), SnapshotSource)
    assert not home.exists(), "asking makes no catalogue"
    open_catalogue(load_settings()).dispose()
    local = choose_source(load_settings())
    assert isinstance(local, LocalSource)
    assert local.description == f"the catalogue {home}/catalogue.sqlite"
    write_login(home, ServerAddress.parse(SECOND), None)
    assert address_of(choose_source(load_settings())) == SECOND
    monkeypatch.setenv("PRUNARIUM_URL", FIRST)
    assert address_of(choose_source(load_settings())) == FIRST
    monkeypatch.setenv("PRUNARIUM_URL", "")
    assert address_of(choose_source(load_settings())) == SECOND


def test_a_file_that_a_killed_first_start_left_is_no_catalogue(home: Path) -> None:
    home.mkdir(parents=True)
    sqlite3.connect(home / "catalogue.sqlite").close()
    assert isinstance(choose_source(load_settings()), SnapshotSource)


def test_a_catalogue_that_does_not_fit_is_an_error_and_not_passed_over(home: Path) -> None:
    home.mkdir(parents=True)
    file = home / "catalogue.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("create table something_else (x)")
    connection.close()
    with pytest.raises(NotACatalogueError):
        choose_source(load_settings())
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(CatalogueError):
        choose_source(load_settings())


def test_a_wrong_setting_or_login_is_an_error_and_not_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir(parents=True)
    (home / "login.json").write_text("{")
    with pytest.raises(LoginError, match="cannot be read"):
        choose_source(load_settings())
    monkeypatch.setenv("PRUNARIUM_URL", "nonsense")
    with pytest.raises(ServerAddressError, match="'nonsense' is no address"):
        choose_source(load_settings())


def test_a_command_says_which_one_answers_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    chosen_source(load_settings())
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "Asking the published rows that came with this package.\n")


def test_a_password_of_a_database_is_not_said() -> None:
    from registry.db.session import make_engine

    pytest.importorskip("psycopg")
    shown = LocalSource(make_engine("postgresql://ada:secret@db/p")).description
    assert "secret" not in shown
    assert "db/p" in shown
