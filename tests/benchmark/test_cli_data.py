"""``prunarium benchmark data`` as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest
from miniature_archives import small_manifest, write_archive
from typer.testing import CliRunner

from benchmark import data as data_module
from benchmark.cli import app
from benchmark.tasks import SourcedManifest
from zoo.core.errors import UsageError


def _run(*words: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["data", *words, "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourcedManifest:
    monkeypatch.setenv("PRUNARIUM_DATA", str(tmp_path / "data"))
    write_archive("pets", tmp_path / "data" / "pets", monkeypatch)
    manifest = small_manifest("pets")
    monkeypatch.setattr(data_module, "manifests", lambda *_: [manifest])
    monkeypatch.setattr(data_module, "shift_statuses", list)
    return manifest


def test_status_lists_every_data_set_and_what_to_type_next() -> None:
    code, rows = _run("status")
    assert code == 0
    assert {row["name"] for row in rows} >= {"aircraft", "birdsnap", "sun397", "imagenet", "imagenet-c", "objectnet"}
    for row in rows:
        assert row["state"] == "missing"
        assert row["command"].startswith((f"prunarium benchmark data fetch {row['name']}", "export PRUNARIUM_"))
        assert row["licence"]
    assert {row["name"] for row in rows if row["gated"]} >= {"imagenet"}


def test_status_sees_a_shift_where_its_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_IMAGENET_C", str(tmp_path))
    (row,) = [row for row in _run("status")[1] if row["name"] == "imagenet-c"]
    assert (row["state"], row["source"], row["command"]) == ("have", str(tmp_path), None)


def test_status_is_a_table_for_people() -> None:
    result = CliRunner().invoke(app, ["data", "status", "food101"])
    assert "5.0 GB" in result.stdout
    assert "aircraft" not in result.stdout


@pytest.mark.usefixtures("pets")
def test_fetch_then_pin_then_check_then_damage(tmp_path: Path) -> None:
    code, rows = _run("fetch", "pets")
    assert (code, rows[0]["spec"], rows[0]["verified"]) == (0, "archive:pets", False)
    assert _run("fetch", "pets", "--pin")[1] == [{**rows[0], "verified": True}]
    assert _run("status")[1][0]["state"] == "have"
    assert _run("check", "pets") == (0, [{"name": "pets", "differences": []}])
    next((tmp_path / "data" / "pets").rglob("*.jpg")).write_bytes(b"other bytes")
    code, rows = _run("check")
    assert code == 1
    assert "expected data with sha256" in rows[0]["differences"][0]


@pytest.mark.usefixtures("pets")
def test_a_copy_of_ones_own_is_checked_without_being_recorded(tmp_path: Path) -> None:
    place = f"archive:pets@{tmp_path / 'data' / 'pets'}"
    assert _run("check", "pets", "--from", place) == (0, [{"name": "pets", "differences": []}])
    assert _run("status")[1][0]["state"] == "missing"
    assert _run("fetch", "pets", "--from", place)[1][0]["spec"] == place


def test_check_says_when_there_is_nothing_yet() -> None:
    result = CliRunner().invoke(app, ["data", "check"])
    assert result.exit_code == 0
    assert "Nothing has been fetched yet" in result.stderr
    code, rows = _run("check", "pets")
    assert code == 1
    assert rows[0]["differences"] == ["pets has not been fetched: prunarium benchmark data fetch pets"]


def test_an_unknown_name_is_a_mistake_of_the_user() -> None:
    with pytest.raises(UsageError, match="no data set pet to fetch") as caught:
        _run("fetch", "pet")
    assert "pets" in (caught.value.hint or "")
