"""A private model on the public board: the same numbers as if it were there, and nothing written or sent."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from leaderboard.board import make_board
from leaderboard.catalogue import Catalogue
from leaderboard.overlay import overlay, overlay_page
from leaderboard.private_results import read_private
from leaderboard.view import BoardQuery
from prunarium.cli import run
from zoo.core.errors import UsageError

RIGL = "rigl/resnet50/0.90"


@pytest.fixture(scope="module")
def answer(clients: dict[str, TestClient], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a public model as JSON, as if it were one's own."""
    path = tmp_path_factory.mktemp("mine") / "my_results.json"
    path.write_bytes(clients["reported"].get(f"/api/v1/models/{RIGL}").content)
    return path


def test_its_row_is_what_it_would_be_if_it_were_public(reported: Catalogue, answer: Path) -> None:
    found = overlay(reported, read_private(reported, answer))
    public = make_board(reported, BoardQuery(architecture="resnet50", sparsity="0.90"))
    (twin,) = (row for row in public.rows if row.name == RIGL)
    assert found.row is not None
    assert found.row.cells == twin.cells
    assert len(found.board.rows) == len(public.rows) + 1
    # Equal numbers share a place, and push those below one place down.
    (beside,) = (row for row in found.board.rows if row.name == RIGL)
    assert found.row.ranks == beside.ranks
    assert f"rank {beside.ranks['linear']} of 7 at 90 % sparsity" in found.sentences[0]
    page = overlay_page(found)
    assert page.count("<tr") == 1 + len(found.board.rows) + len(found.board.yardsticks)
    assert page.count("yours</span>") == 1
    assert "href=" not in page
    assert "src=" not in page
    assert "<script" not in page


def test_a_report_says_the_same_as_the_page(reported: Catalogue, answer: Path, tmp_path: Path) -> None:
    detail = json.loads(answer.read_text())
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report_of(detail)))
    one, other = (overlay(reported, read_private(reported, file)).row for file in (answer, path))
    assert one is not None
    assert other is not None
    assert one.cells["full"].change == other.cells["full"].change is not None
    assert one.ranks == other.ranks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slug": "me/mine"}, "how sparse"),
        ({"architecture": "resnet51", "slug": "mine"}, "how sparse"),
        ({"architecture": "resnet51"}, "no dense parent"),
        ({"results": []}, "No result"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_placed_says_what_is_missing(
    reported: Catalogue, answer: Path, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report_of(json.loads(answer.read_text())) | change))
    with pytest.raises(UsageError, match=words):
        read_private(reported, path)


@pytest.mark.slow
def test_the_command_prints_saves_and_uploads_nothing(
    catalogue_files: dict[str, Path], answer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copy(catalogue_files["reported"], tmp_path / "catalogue.sqlite")
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path))
    before = (tmp_path / "catalogue.sqlite").read_bytes()
    saved = tmp_path / "page.html"
    assert run(["compare", "--with", str(answer), "--save", str(saved)]) == 0
    printed = capsys.readouterr()
    assert "rank" in printed.err
    assert "yours/rigl/resnet50/0.90" in printed.out
    assert saved.read_text().startswith("<!doctype html>")
    assert (tmp_path / "catalogue.sqlite").read_bytes() == before
    for wrong in (["--with", str(saved)], ["--with", str(tmp_path / "none.json")], ["--with", str(answer), "a"], ["a"]):
        assert run(["compare", *wrong]) == 2
        assert "Traceback" not in capsys.readouterr().err


def report_of(detail: dict[str, Any]) -> dict[str, Any]:
    """What `publish` would have written of the same results."""

    def row(result: dict[str, Any]) -> dict[str, Any]:
        low, high, method = (result.pop(name) for name in ("ci_low", "ci_high", "interval_method"))
        result.pop("model")
        return result | {"interval": None if low is None else {"low": low, "high": high, "method": method}}

    return {
        "schema": 1, "slug": detail["model"]["name"], "densified_hash": "d1:0", "architecture": "resnet50",
        "preprocessing_hash": None, "headlines": [], "results": [row(dict(one)) for one in detail["results"]],
    }  # fmt: skip
