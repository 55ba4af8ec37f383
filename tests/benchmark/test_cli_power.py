"""What tasks resolve, listed from the published rows: no torch and no jobs."""

import json

import pytest
from sqlalchemy import Engine

from prunarium.cli import run
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.reported import load_reported
from registry.settings import load_settings


@pytest.fixture(autouse=True)
def _published(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    engine: Engine = open_catalogue(load_settings({"PRUNARIUM_HOME": str(home)}))
    with session_scope(engine, write=True) as session:
        load_reported(session)
    engine.dispose()
    monkeypatch.setenv("PRUNARIUM_HOME", str(home))


def test_each_task_protocol_and_number_of_seeds_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "power", "--task", "dtd@ist2022", "--seeds", "1,3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["protocol"], row["seeds"]) for row in rows] == [
        ("full@ist2022", 1), ("full@ist2022", 3), ("linear@ist2022", 1), ("linear@ist2022", 3)
    ]  # fmt: skip
    assert all(row["n"] == 1880 and row["measured"] for row in rows)
    assert 0 < rows[1]["seed_std"] < 0.006  # the reference's worst spread is 0.52 points
    assert 0 < rows[0]["paired"] < rows[0]["unpaired"] < 0.1
    assert run(["benchmark", "power", "--task", "dtd"]) == 0
    assert "paired, points" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"), [(["--seeds", "0"], "numbers of seeds"), (["--task", "nowhere"], "no task 'nowhere'")]
)
def test_wrong_questions(given: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "power", *given]) == 2
    assert words in capsys.readouterr().err
