"""The commands, as a user types them: JSON with stable names, news on stderr, exit codes."""

import json

import pytest
from benchmark_catalogues import COST, DigitCatalogue

from prunarium.cli import run


@pytest.fixture
def at_home(catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch) -> DigitCatalogue:
    """The catalogue is the one that the environment names."""
    monkeypatch.setenv("PRUNARIUM_HOME", str(catalogue.settings.home))
    return catalogue


def test_tasks_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "tasks", "--json"]) == 0
    rows = {row["task"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["digits-5-9@1"] == {
        "task": "digits-5-9@1",
        "kind": "transfer",
        "title": "Digits 5–9",
        "classes": 5,
        "n_test": 314,
        "primary_metric": "top1@1",
        "licence": "CC-BY-4.0",
        "source": "sklearn.datasets.load_digits (UCI Optical Recognition of Handwritten Digits, test part)",
    }


def test_metrics_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "metrics", "--json"]) == 0
    rows = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["top1@1"]["better"], rows["top1@1"]["interval"]) == ("higher", "wilson")


@pytest.mark.parametrize("command", ["tasks", "metrics"])
def test_listings_as_tables(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", command]) == 0
    assert {"tasks": "digits-c-like@1", "metrics": "ece15-ts@1"}[command] in capsys.readouterr().out


def test_a_plan_tells_what_is_missing(at_home: DigitCatalogue, capsys: pytest.CaptureFixture[str]) -> None:
    at_home.enqueue([COST])
    assert run(["benchmark", "plan", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["suite"], plan["missing"], plan["existing"]) == ("digits-demo@1", 10, 2)
    assert {job["task"] for job in plan["jobs"] if job["state"] == "exists"} == {"cost@1"}


@pytest.mark.slow
def test_run_then_run_again(at_home: DigitCatalogue, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["benchmark", "run", "--models", "gmp/resnet8-digits/0.50-s0", "--folders", str(at_home.folders)]
    assert run([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["done"], report["reused"], report["failed"]) == (6, 0, [])
    assert run(command) == 0
    assert "everything exists (6 evaluations of 1 models reused)" in capsys.readouterr().err


def test_a_failed_job_is_told_and_makes_the_exit_code_1(
    at_home: DigitCatalogue, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr("benchmark.queues.run_job", broken)
    assert run(["benchmark", "run", "--folders", str(at_home.folders)]) == 1
    told = capsys.readouterr().err
    assert "0 done, 0 reused, 12 failed" in told
    assert "failed (bug): dense/resnet8-digits/0.00-s0 on digits-0-4@1 by as-published@1, seed 0: ValueError" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "digits-dem"], "Did you mean 'digits-demo'?"),
        (["--models", "gmp/resnet8-digits/0.5-s0"], "Did you mean 'gmp/resnet8-digits/0.50-s0'?"),
        (["--models", " , "], "--models is empty"),
        (["--seeds", "one"], "--seeds takes whole numbers"),
        (["--folders", "/nowhere"], "/nowhere is no folder"),
    ],
)
def test_bad_usage_is_one_clear_error(
    at_home: DigitCatalogue, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(["benchmark", "run", *arguments]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told


def test_sync_tells_what_it_wrote(at_home: DigitCatalogue, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["benchmark", "sync", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["tasks"] >= 5
    assert counts["reported_results"] > 900


def test_worker_once(at_home: DigitCatalogue, capsys: pytest.CaptureFixture[str]) -> None:
    at_home.enqueue([COST])
    assert run(["worker", "--once", "--folders", str(at_home.folders)]) == 0
    assert "The queue is empty." in capsys.readouterr().err
