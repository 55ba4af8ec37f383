import csv
import io
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from site_catalogues import empty_catalogue

from leaderboard.errors import PortTakenError, SiteSettingError
from leaderboard.listening import listen
from leaderboard.settings import SiteSettings
from prunarium.cli import run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a catalogue."""
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def filled_home(home: Path, catalogue_files: dict[str, Path]) -> Path:
    """A home whose catalogue has the published rows."""
    home.mkdir()
    shutil.copy(catalogue_files["reported"], home / "catalogue.sqlite")
    return home


def test_board_makes_the_catalogue_loads_the_rows_and_prints_them(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["board", "--text"]) == 0
    first = capsys.readouterr()
    assert (home / "catalogue.sqlite").exists()
    assert "Loaded" in first.err
    assert "ac-dc/resnet50/0.90" in first.out
    assert "−2.0 ±0.2" in first.out
    assert "+4.0 ±1.1" in first.out
    assert run(["board", "--text"]) == 0
    second = capsys.readouterr()
    assert "Loaded" not in second.err
    assert second.out == first.out


def test_board_prints_json_and_csv(filled_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["board", "--json", "--sparsity", "0.80"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["sparsity"], answer["rows"][0]["name"]) == (0.8, "ac-dc/resnet50/0.80")
    assert run(["board", "--csv", "--sort", "full"]) == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert lines[0]["name"] == "woodfisher/resnet50/0.90"
    assert lines[-1]["name"] == "dense/resnet50/0.00"


@pytest.mark.parametrize(
    "ending", ["json", *(pytest.param(one, marks=pytest.mark.slow) for one in ("csv", "parquet", "tex", "bib"))]
)
def test_a_board_is_saved_in_every_form(
    filled_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    path = tmp_path / f"board.{ending}"
    assert run(["board", "--save", str(path), "--where", "family=regrowth", "--columns", "runs"]) == 0
    assert f"Wrote 2 rows to {path}" in capsys.readouterr().err
    assert path.stat().st_size > 100


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["board", "--text", "--json"], 2, "exclude each other"),
        (["board", "--save", "board.xlsx"], 2, "ends in one of .json, .csv"),
        (["board", "--save", "/nowhere/board.csv"], 2, "cannot be written"),
        (["board", "--text", "--where", "sparsty>0.5"], 2, "no field 'sparsty'"),
        (["board", "--text", "--columns", "speed"], 2, "no column 'speed'"),
        (["board", "--text", "--suite", "nope"], 2, "There is no suite 'nope'."),
        (["board", "--text", "--sparsity", "1.5"], 2, "a fraction from 0 to below 1"),
        (["board", "--text", "--sort", "speed"], 2, "cannot be sorted by 'speed'"),
        (["board", "--port", "99999"], 2, "from 0 to 65535"),
        (["serve", "--database-url", "mysql://x/y"], 2, "no support for a mysql database"),
    ],
)
def test_a_mistake_gets_one_clear_error(
    filled_home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert run(arguments) == code
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.err.count("error:") == 1
    assert "Traceback" not in shown.err


def test_serve_makes_nothing_and_names_the_command_that_does(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve"]) == 1
    assert "prunarium db upgrade" in capsys.readouterr().err
    assert not home.exists()


def test_serve_says_that_a_port_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty_catalogue(tmp_path / "c.sqlite").dispose()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = run(["serve", "--port", str(port), "--database-url", f"sqlite:///{tmp_path}/c.sqlite"])
    assert code == 1
    assert f"Port {port} on 127.0.0.1 is taken by another program." in capsys.readouterr().err


def test_a_host_that_is_not_ours_is_named() -> None:
    with pytest.raises(SiteSettingError, match="192.0.2.1"), listen(SiteSettings(host="192.0.2.1", port=0)):
        pass


def test_listening_twice_on_one_port_fails() -> None:
    with listen(SiteSettings(port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTakenError), listen(SiteSettings(port=port)):
            pass


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::1", "http://[::1]:8000/"),
    ],
)
def test_the_printed_address_can_be_typed(host: str, address: str) -> None:
    assert SiteSettings(host=host).address == address


def test_serve_prints_its_address_and_answers_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite"
    empty_catalogue(tmp_path / "c.sqlite").dispose()
    command = [sys.executable, "-m", "prunarium", "serve", "--port", "0", "--database-url", url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            assert "prunarium serve --init" in server.stderr.readline()
            line = server.stderr.readline()
            assert line.startswith("Serving at http://127.0.0.1:")
            address = line.split()[2]
            assert "The catalogue is empty." in answer_of(address)
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=20) == 0
            assert server.stderr.read() == ""


def answer_of(address: str) -> str:
    """The page, once the server that has its socket already is ready to answer."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx.get(address, timeout=30).text
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
