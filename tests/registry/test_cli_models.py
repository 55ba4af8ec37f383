"""The commands as a user runs them: exit codes, stable JSON, no traceback for a mistake."""

import json
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from network_folders import write_network

from prunarium.cli import run
from zoo.checkpoint.folder import WEIGHTS


@pytest.fixture
def configured(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> RunningHub:
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", hub.token)
    return hub


def documents(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run([*args, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def two_models(path: Path, seed: int) -> Path:
    """A dense model and its child, in one folder."""
    write_network(path / "a-child", sparsity=0.9, seed=seed)
    write_network(path / "dense", seed=seed)
    return path


def test_publish_search_pull_and_inspect(
    configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = two_models(tmp_path / "models", seed=7001)
    published = documents(capsys, "publish", str(models))
    assert [row["slug"] for row in published] == ["dense/resnet8-digits/0.00-s7001", "gmp/resnet8-digits/0.90-s7001"]
    assert [list(row) for row in published] == [["slug", "repo_id", "commit", "created", "densified_hash"]] * 2
    assert all(row["created"] and row["repo_id"].startswith(f"{configured.namespace}/") for row in published)
    again = documents(capsys, "publish", str(models), "--namespace", configured.namespace)
    assert again == [{**row, "created": False} for row in published]

    (found,) = documents(capsys, "search", "7001", "--method", "gmp")
    assert (found["name"], found["sparsity_target"], found["get"]) == (
        "gmp/resnet8-digits/0.90-s7001", 0.9, "prunarium pull gmp/resnet8-digits/0.90-s7001")  # fmt: skip

    pulled = documents(capsys, "pull", "--all", "--namespace", configured.namespace, "--out", str(tmp_path / "out"))
    assert [row["commit"] for row in pulled] == [row["commit"] for row in published]
    assert list(pulled[0]) == [
        "target", "path", "repo_id", "commit", "densified_hash", "verified_by", "from_cache"]  # fmt: skip
    place = tmp_path / "out" / "gmp-resnet8-digits-0.90-s7001"
    assert (place / WEIGHTS).read_bytes() == (models / "a-child" / WEIGHTS).read_bytes()

    same = documents(capsys, "inspect", str(models / "a-child"), str(place / WEIGHTS), "gmp/resnet8-digits/0.90-s7001")
    assert same["same_model"]
    assert {row["densified_hash"] for row in same["models"]} == {published[1]["densified_hash"]}
    assert same["models"][0]["sparsity"]["prunable"] == pytest.approx(0.9, abs=1e-4)
    assert not documents(capsys, "inspect", str(models / "a-child"), str(models / "dense"), code=1)["same_model"]


def test_tables_for_people(configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = two_models(tmp_path / "models", seed=7002)
    for args, expected in (
        (["publish", str(models)], "published"),
        (["publish", str(models)], "unchanged"),
        (["search", "7002"], "prunarium pull gmp/resnet8-digits/0.90-s7002"),
        (["pull", "gmp/resnet8-digits/0.90-s7002"], "catalogue"),
        (["inspect", str(models / "a-child")], "90.00%"),
    ):
        assert run(args) == 0
        assert expected in capsys.readouterr().out
    assert run(["pull", "gmp/resnet8-digits/0.90-s7002"]) == 0
    assert "1 of 1 were there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["pull"], 2, "Name models, or give --all."),
        (["pull", "--all", "a/b"], 2, "Name models, or give --all."),
        (["pull", "not-a-model"], 2, "'not-a-model' names no model"),
        (["pull", "gmp/resnet50/0.90"], 2, "no model 'gmp/resnet50/0.90'"),
        (["publish", "nowhere"], 2, "There is no folder nowhere"),
        (["search", "--sparsity", "1.5"], 2, "--sparsity"),
    ],
)
def test_a_mistake_is_one_clear_error(
    args: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_publishing_without_a_token_says_which_variable(
    configured: RunningHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PRUNARIUM_HUB_TOKEN")
    write_network(tmp_path / "model", seed=7003)
    assert run(["publish", str(tmp_path / "model")]) == 1
    assert "PRUNARIUM_HUB_TOKEN" in capsys.readouterr().err


def test_a_corrupted_checkpoint_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_network(tmp_path / "model")
    folder.weights.write_bytes(folder.weights.read_bytes()[:1000])
    assert run(["publish", str(folder.path), "--namespace", "me"]) == 1
    assert "bad_safetensors" in capsys.readouterr().err
