"""The commands on the local catalogue, as a user types them."""

import json
from pathlib import Path

import pytest
from queue_rows import fill

from prunarium.cli import run as run_command
from registry.db.schema import head, open_catalogue
from registry.db.session import session_scope
from registry.settings import load_settings


@pytest.fixture
def home() -> Path:
    """A catalogue with a model."""
    settings = load_settings()
    engine = open_catalogue(settings)
    with session_scope(engine, write=True) as session:
        fill(session)
    engine.dispose()
    return settings.home


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_command(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_upgrade_and_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "db", "check")[0] == 1
    code, out, _ = run(capsys, "db", "upgrade", "--json")
    assert (code, json.loads(out)) == (0, {"schema_before": None, "schema_after": head(), "changed": True})
    assert "already" in run(capsys, "db", "upgrade")[2]
    code, out, _ = run(capsys, "db", "check", "--json")
    assert (code, json.loads(out)) == (0, {"schema": head(), "sound": True})


def test_a_damaged_file_is_found(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    path = home / "catalogue.sqlite"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    code, _, err = run(capsys, "db", "check")
    assert code == 1
    assert "damaged" in err
    assert "Traceback" not in err
