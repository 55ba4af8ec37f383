"""``prunarium publish`` as a user runs it: exit codes, stable JSON, no traceback for a mistake."""

import json
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from measured_results import add_results
from network_folders import write_network

from prunarium.cli import run
from registry.db.schema import open_catalogue
from registry.settings import load_settings
from zoo.checkpoint.folder import CARD


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


FIELDS = ["slug", "repo_id", "commit", "created", "densified_hash", "tag", "notes"]


def test_published_once_found_pulled_and_proved(
    configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = two_models(tmp_path / "models", seed=7001)
    published = documents(capsys, "publish", str(models))
    assert [row["slug"] for row in published] == ["dense/resnet8-digits/0.00-s7001", "gmp/resnet8-digits/0.90-s7001"]
    assert [list(row) for row in published] == [FIELDS] * 2
    assert all(row["created"] and row["repo_id"].startswith(f"{configured.namespace}/") for row in published)
    again = documents(capsys, "publish", str(models), "--namespace", configured.namespace)
    assert again == [{**row, "created": False} for row in published]

    (found,) = documents(capsys, "search", "7001", "--method", "gmp")
    assert (found["name"], found["sparsity_target"]) == ("gmp/resnet8-digits/0.90-s7001", 0.9)
    (pulled,) = documents(capsys, "pull", found["name"], "--out", str(tmp_path / "out"))
    assert pulled["commit"] == published[1]["commit"]
    same = documents(capsys, "inspect", str(models / "a-child"), str(tmp_path / "out"))
    assert same["same_model"]


def test_tables_for_people(configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = two_models(tmp_path / "models", seed=7002)
    for args, expected in (
        (["publish", str(models), "--tag", "v1"], "published"),
        (["publish", str(models)], "unchanged"),
        (["publish", "--refresh", "gmp/resnet8-digits/0.90-s7002"], "unchanged"),
    ):
        assert run(args) == 0
        assert expected in capsys.readouterr().out


def test_a_note_is_said_and_stands_in_the_json(
    configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_network(tmp_path / "model", seed=7004)
    (done,) = documents(capsys, "publish", str(folder.path))
    api = HfApi(endpoint=configured.endpoint, token=configured.token)
    api.upload_file(path_or_fileobj=b"mine", path_in_repo=CARD, repo_id=done["repo_id"])
    assert run(["publish", str(folder.path), "--json"]) == 0
    printed = capsys.readouterr()
    (note,) = json.loads(printed.out)[0]["notes"]
    assert note.startswith(f"{CARD} of {done['repo_id']} was not as the catalogue writes it")
    assert note in printed.err.replace("\n", " ")


def test_new_cards_for_every_model_of_the_namespace(
    hub: RunningHub, configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = documents(capsys, "publish", str(two_models(tmp_path / "models", seed=7005)))
    add_results(open_catalogue(load_settings()), published[1]["slug"])
    refreshed = documents(capsys, "publish", "--refresh", "--all")
    assert sorted(row["slug"] for row in refreshed) == sorted(row["slug"] for row in published)
    assert [list(row) for row in refreshed] == [FIELDS] * 2
    # The plugins brought the licence of the data, which both cards name; one has results as well.
    assert all(row["created"] for row in refreshed)
    assert documents(capsys, "publish", "--refresh", "--all") == [{**row, "created": False} for row in refreshed]
    assert documents(capsys, "publish", "--refresh", "--all", "--namespace", "somebody-else") == []


def test_one_model_that_cannot_be_published_stops_no_other(
    configured: RunningHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = two_models(tmp_path / "models", seed=7006)
    unlicensed = write_network(models / "dense-too", seed=7007, licence=None)
    *published, wrong = documents(capsys, "publish", str(models), code=1)
    assert [row["slug"] for row in published] == ["dense/resnet8-digits/0.00-s7006", "gmp/resnet8-digits/0.90-s7006"]
    assert list(wrong) == ["target", "error"]
    assert wrong["target"] == str(unlicensed.path)
    assert "licence_missing" in wrong["error"]

    api = HfApi(endpoint=configured.endpoint, token=configured.token)
    api.delete_repo(published[0]["repo_id"])
    names = [row["slug"] for row in published]
    assert run(["publish", "--refresh", *names]) == 1
    printed = capsys.readouterr()
    assert names[1] in printed.out
    assert f"{names[0]}: {published[0]['repo_id']} is gone from the hub." in printed.err.replace("\n", " ")
    assert "1 of 2 could not be published." in printed.err


def test_a_hub_that_takes_nothing_is_asked_once(
    configured: RunningHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = two_models(tmp_path / "models", seed=7008)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", "hf_wrong")
    assert run(["publish", str(models), "--namespace", configured.namespace]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("PRUNARIUM_HUB_TOKEN") == 1
    assert "could not be published" not in printed.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere"], "There is no folder nowhere"),
        ([], "Name model folders."),
        (["--all"], "--all goes with --refresh."),
        (["--refresh"], "Name models, or give --all."),
        (["--refresh", "--all", "gmp/toy/0.50"], "Name models, or give --all."),
        (["--refresh", "--private", "gmp/toy/0.50"], "--refresh changes no visibility."),
        (["--refresh", "gmp/resnet50/0.90"], "no model 'gmp/resnet50/0.90'"),
        (["nowhere", "--tag", "a b"], "'a b' cannot name a release."),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_mistake_is_one_clear_error(args: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["publish", *args]) == 2
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
    assert run(["inspect", str(folder.path)]) == 1
    assert "model.safetensors" in capsys.readouterr().err
    assert run(["publish", str(folder.path), "--namespace", "me"]) == 1
    assert "bad_safetensors" in capsys.readouterr().err
