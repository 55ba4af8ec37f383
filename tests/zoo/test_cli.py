"""The commands as a user types them, through the front door that formats errors."""

import json
from pathlib import Path
from typing import Any

import pytest
from small_models import hashes

from prunarium.cli import run
from zoo.architectures import ARCHITECTURES
from zoo.methods import METHODS

DIGITS = ["--data", "digits:0-4", "--epochs", "1"]


def output_of(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    assert run(["zoo", *args, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_methods_lists_every_method_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    rows = output_of(capsys, "methods")
    assert [row["name"] for row in rows] == list(METHODS)
    assert set(rows[0]) == {
        "name",
        "title",
        "family",
        "starts_from",
        "masks",
        "patterns",
        "exact_target",
        "config",
        "paper",
    }
    assert run(["zoo", "methods"]) == 0
    assert "gmp" in capsys.readouterr().out


def test_one_method_is_shown_with_its_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert [row["config"]["allocation"] for row in output_of(capsys, "methods", "gmp")] == ["global"]
    assert run(["zoo", "methods", "gmp"]) == 0
    shown = capsys.readouterr().out
    assert "config: allocation" in shown
    assert "arXiv 1710.01878" in shown


def test_architectures_lists_every_architecture(capsys: pytest.CaptureFixture[str]) -> None:
    rows = output_of(capsys, "architectures")
    assert [row["name"] for row in rows] == list(ARCHITECTURES)
    assert set(rows[0]) == {"name", "title", "input_size", "classifier", "timm_name", "source"}
    assert run(["zoo", "architectures"]) == 0
    assert "ResNet-50" in capsys.readouterr().out


def test_train_then_prune_then_again_reuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path)
    train = ["zoo", "train", "--architecture", "resnet8-digits", *DIGITS, "--seeds", "0,1", "--out", out]
    assert run(train) == 0
    prune = ["prune", "--method", "gmp,random", "--sparsities", "0.90,0.98", "--parents", out, *DIGITS, "--out", out]
    rows = output_of(capsys, *prune) if capsys.readouterr().out else []
    assert [row["name"] for row in rows] == [
        "gmp-resnet8-digits-0.90-s0",
        "gmp-resnet8-digits-0.98-s0",
        "random-resnet8-digits-0.90-s0",
        "random-resnet8-digits-0.98-s0",
    ]
    assert not any(row["reused"] for row in rows)
    assert all(0 <= row["upstream_top1"] <= 1 and Path(row["path"]).is_dir() for row in rows)
    before = hashes(tmp_path)
    assert len(before) == 6
    assert run(["zoo", *prune]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("reused") == 4
    assert "Upstream top-1" in captured.out
    assert hashes(tmp_path) == before


def test_what_is_asked_for_twice_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = output_of(
        capsys, "train", "--architecture", "resnet8-digits", *DIGITS, "--seeds", "3,3", "--out", str(tmp_path)
    )
    assert [row["seed"] for row in rows] == [3]


PRUNE = ["prune", "--data", "digits:0-4", "--out", "out", "--parents", "."]


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        ([*PRUNE, "--method", "gmpp", "--sparsities", "0.9"], "no pruning method 'gmpp'", "Did you mean 'gmp'?"),
        ([*PRUNE, "--method", "gmp", "--sparsities", "most"], "separated by commas, got 'most'", "0.90,0.95,0.98"),
        ([*PRUNE, "--method", "gmp", "--sparsities", "0.9,1.5"], "between 0 and 1", "0.90,0.95,0.98"),
        ([*PRUNE, "--method", "gmp", "--sparsities", "0.9", "--seeds", "x"], "got 'x'", "0,1,2"),
        ([*PRUNE, "--method", "gmp", "--sparsities", "0.9"], "holds no dense parent", "prunarium zoo train"),
        ([*PRUNE[:-1], "gone", "--method", "gmp", "--sparsities", "0.9"], "no folder gone", "prunarium zoo train"),
        (
            ["train", "--architecture", "resnet8digits", "--data", "digits:0-4", "--out", "out"],
            "There is no architecture 'resnet8digits'",
            "resnet8-digits",
        ),
        (
            ["train", "--architecture", "resnet8-digits", "--data", "digts:0-4", "--out", "out"],
            "no kind of data 'digts'",
            "digits",
        ),
        (
            ["train", "--architecture", "resnet8-digits", "--data", "digits:0-4", "--out", "out", "--seeds", "9" * 23],
            "A seed is a whole number from 0 to 2^63 - 1",
            "",
        ),
    ],
)
def test_a_users_mistake_is_one_clear_error(
    args: list[str],
    message: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["zoo", *args]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert hint in captured.err
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []
