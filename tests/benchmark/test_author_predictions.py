"""An author's own predictions: written, judged against the task's images, scored again, and checked by doing one."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from sklearn.metrics import accuracy_score

from benchmark.author_predictions import MANIFEST, judge, write_predictions
from benchmark.errors import BenchmarkError
from benchmark.inference import predict
from benchmark.intake import attend
from benchmark.spot_check import check_next, spot_check
from benchmark.tasks import find_task
from prunarium.cli import run
from registry import queries, submissions
from registry.db.session import session_scope
from registry.settings import Settings
from zoo.checkpoint.folder import ModelFolder
from zoo.checkpoint.strict import dump_json, read_json
from zoo.core.errors import UsageError
from zoo.models import load_model

TASK, PROTOCOL = "digits-0-4@1", "as-published@1"
WANTED = [(TASK, PROTOCOL, 0), ("cost@1", PROTOCOL, 0)]
Parts = dict[str, Any]


@pytest.fixture(scope="module")
def answers(digit_models: tuple[ModelFolder, ModelFolder]) -> dict[str, Parts]:
    """What the pruned network answers, by condition, as its author would have it."""
    model = digit_models[1]
    network = load_model(model.path)
    return {
        condition: {
            "ids": list(images.ids),
            "labels": images.labels,
            "logits": predict(network, images.images, model.config.preprocessing, 50).values,
        }
        for condition, images in find_task(TASK).image_sets().items()
    }


def write(folder: Path, answers: dict[str, Parts], change: Callable[[Parts], None] | None = None) -> Path:
    for condition, parts in answers.items():
        changed = dict(parts)
        if change is not None:
            change(changed)
        write_predictions(folder, task=TASK, protocol=PROTOCOL, condition=condition, **changed)
    return folder


def cut(parts: Parts) -> None:
    parts.update(ids=parts["ids"][1:], labels=parts["labels"][1:], logits=parts["logits"][1:])


def rename(parts: Parts) -> None:
    parts["ids"] = ["somebody-elses-image", *parts["ids"][1:]]


def relabel(parts: Parts) -> None:
    parts["labels"] = np.where(np.arange(len(parts["labels"])) < 3, (parts["labels"] + 1) % 5, parts["labels"])


def more_classes(parts: Parts) -> None:
    parts["logits"] = np.pad(parts["logits"], ((0, 0), (0, 1)), constant_values=-9.0)


def unlabel(parts: Parts) -> None:
    parts["labels"] = None


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (cut, "images, the task has"),
        (rename, "1 ids are none of the task's, such as 'somebody-elses-image'"),
        (relabel, "3 labels are others than the task's"),
        (more_classes, "6 classes, the task has 5"),
        (unlabel, "no labels, and the task has them"),
    ],
)
def test_predictions_of_something_else_are_told_from_the_tasks(
    change: Callable[[Parts], None], detail: str, answers: dict[str, Parts], tmp_path: Path
) -> None:
    judged = judge(write(tmp_path / "predictions", answers, change), WANTED)
    assert {reason.code for reason in judged.reasons} == {"predictions_mismatch"}
    assert all(detail in reason.detail for reason in judged.reasons)
    assert judged.cells == {}


def damage(folder: Path) -> None:
    file = next(folder.glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-9])


def claim(folder: Path, **fields: Any) -> None:
    document = read_json(folder / MANIFEST)
    document["files"][0] |= fields
    (folder / MANIFEST).write_bytes(dump_json(document))


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        (lambda folder: (folder / MANIFEST).unlink(), "predictions_missing", "cannot be read"),
        (lambda folder: (folder / MANIFEST).write_text("{}"), "predictions_missing", MANIFEST),
        (lambda folder: claim(folder, file="../../etc/passwd"), "predictions_missing", "no name of a file"),
        (damage, "predictions_unreadable", "does not read as one"),
        (lambda folder: next(folder.glob("*.parquet")).unlink(), "predictions_unreadable", "it is not there"),
        (lambda folder: claim(folder, task="pets@1"), "predictions_unknown", "pets@1 by as-published@1, seed 0"),
        (lambda folder: claim(folder, seed=7), "predictions_unknown", "seed 7 is no part of the suite"),
        (lambda folder: claim(folder, task="cost@1"), "predictions_unknown", "nothing is predicted"),
        (lambda folder: claim(folder, condition="fog/3"), "predictions_mismatch", "'fog/3'"),
    ],
)
def test_a_folder_that_is_not_whole_is_told_why(
    change: Callable[[Path], None], code: str, detail: str, answers: dict[str, Parts], tmp_path: Path
) -> None:
    folder = write(tmp_path / "predictions", answers)
    change(folder)
    judged = judge(folder, WANTED)
    assert code in {reason.code for reason in judged.reasons}
    assert detail in next(reason.detail for reason in judged.reasons if reason.code == code)


def test_what_is_no_prediction_is_not_written(answers: dict[str, Parts], tmp_path: Path) -> None:
    def poison(parts: Parts) -> None:
        parts["logits"] = parts["logits"].copy()
        parts["logits"][0, 0] = np.nan

    with pytest.raises(BenchmarkError):
        write(tmp_path / "predictions", answers, poison)
    with pytest.raises(UsageError):
        write_predictions(tmp_path, task="nothing@1", protocol=PROTOCOL, **next(iter(answers.values())))
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.fixture
def receiver(tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder]) -> DigitCatalogue:
    return digit_catalogue(tmp_path / "receiver", digit_models[:1])


@pytest.fixture
def settings(receiver: DigitCatalogue, hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = replace(receiver.settings, hub_endpoint=hub.endpoint, hub_token=hub.token)
    monkeypatch.setenv("PRUNARIUM_HOME", str(settings.home))
    monkeypatch.setenv("PRUNARIUM_HUB", hub.endpoint)
    monkeypatch.setenv("PRUNARIUM_HUB_TOKEN", hub.token)
    return settings


def hand_in(
    hub: RunningHub, name: str, model: ModelFolder, predictions: Path, capsys: pytest.CaptureFixture[str]
) -> str:
    api, repo_id = HfApi(endpoint=hub.endpoint, token=hub.token), f"{hub.namespace}/{name}"
    api.create_repo(repo_id)
    api.upload_folder(repo_id=repo_id, folder_path=model.path)
    capsys.readouterr()
    arguments = ["submit", repo_id, "--suite", "digits-demo", "--predictions", str(predictions), "--json"]
    assert run(arguments) == 0
    return str(json.loads(capsys.readouterr().out)["public_id"])


def test_from_a_folder_to_rescored_numbers_and_by_a_spot_check_to_measured_ones(
    receiver: DigitCatalogue,
    settings: Settings,
    hub: RunningHub,
    sparse_model: ModelFolder,
    answers: dict[str, Parts],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    public_id = hand_in(hub, "own-predictions", sparse_model, write(tmp_path / "predictions", answers), capsys)
    assert attend(receiver.engine, settings)
    with session_scope(receiver.engine) as session:
        status = submissions.status(session, public_id)
    assert (status.submission.state, status.submission.kind) == ("done", "predictions"), status.submission.detail
    (value,) = status.values
    tested = answers[""]
    everybody = [parts for condition, parts in answers.items() if value.n != len(tested["ids"]) or condition == ""]
    right = accuracy_score(
        np.concatenate([parts["labels"] for parts in everybody]),
        np.concatenate([parts["logits"].argmax(axis=1) for parts in everybody]),
    )
    assert value.trust == "rescored"
    assert value.value == pytest.approx(right)

    assert check_next(settings)
    assert not check_next(settings)
    with session_scope(receiver.engine) as session:
        after = submissions.status(session, public_id)
        numbers = queries.results(session, job_id=after.jobs[0].id, history=True)
    assert [step.reason for step in after.transitions][-2:] == ["spot_check", "spot_checked"]
    assert "count as measured" in (after.transitions[-1].detail or "")
    assert {number.trust for number in numbers} == {"measured"}
    assert numbers[0].provenance["spot_check"]["verdict"] != "beyond the noise floor"
    assert numbers[0].provenance["predictions_from"].startswith(f"{hub.namespace}/own-predictions@")
    assert after.values[0].value == value.value
    with pytest.raises(UsageError, match="no numbers that were scored"):
        spot_check(settings, public_id)


@pytest.mark.slow
def test_invented_predictions_are_flagged_by_the_spot_check(
    receiver: DigitCatalogue,
    settings: Settings,
    hub: RunningHub,
    sparse_model: ModelFolder,
    answers: dict[str, Parts],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def invent(parts: Parts) -> None:
        parts["logits"] = 9.0 * np.eye(5, dtype=np.float32)[parts["labels"]]

    public_id = hand_in(hub, "invented", sparse_model, write(tmp_path / "predictions", answers, invent), capsys)
    attend(receiver.engine, settings)
    assert run(["benchmark", "spot-check", public_id]) == 1
    assert "beyond the noise floor" in capsys.readouterr().err
    with session_scope(receiver.engine) as session:
        status = submissions.status(session, public_id)
        model = queries.get_model(session, f"{hub.namespace}/invented")
    assert status.values[0].trust == "rescored"
    assert model is not None
    assert model.caveat == status.submission.flagged
    assert "predicted classes came out otherwise" in (status.submission.flagged or "")


def test_wrong_predictions_reject_the_submission_with_the_reason(
    receiver: DigitCatalogue,
    settings: Settings,
    hub: RunningHub,
    sparse_model: ModelFolder,
    answers: dict[str, Parts],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    public_id = hand_in(hub, "wrong-labels", sparse_model, write(tmp_path / "p", answers, relabel), capsys)
    attend(receiver.engine, settings)
    with session_scope(receiver.engine) as session:
        after = submissions.status(session, public_id).submission
        assert queries.get_model(session, f"{hub.namespace}/wrong-labels") is None
    assert (after.state, after.reason) == ("rejected", "predictions_mismatch")
    assert "labels are others than the task's" in (after.detail or "")


@pytest.mark.parametrize(
    ("target", "folder", "message"),
    [
        ("org/net@v1", ".", "without @"),
        ("gmp/resnet50/0.90", ".", "Name the repository"),
        ("org/net", "empty", "holds no manifest.json"),
    ],
)
def test_what_cannot_be_uploaded_is_one_error(
    target: str, folder: str, message: str, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["submit", target, "--predictions", str(tmp_path / folder)]) == 2
    assert message in capsys.readouterr().err
