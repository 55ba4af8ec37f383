"""SIGKILL in real processes: the same command again ends in the same bits."""

import shutil
from pathlib import Path

import harness
import pytest
from small_models import hashes

from prunarium.cli import run
from zoo.checkpoint.folder import read_folder

TRAIN = ["--architecture", "resnet8-digits", "--data", "digits:0-4", "--epochs", "2", "--save-seconds", "0"]


def train(out: Path) -> list[str]:
    return ["zoo", "train", *TRAIN, "--out", str(out), "--device", "cpu"]


def prune(out: Path, parents: Path) -> list[str]:
    what = ["--method", "rigl", "--sparsities", "0.90", "--data", "digits:0-4", "--epochs", "2"]
    return [
        "zoo",
        "prune",
        *what,
        "--parents",
        str(parents),
        "--out",
        str(out),
        "--save-seconds",
        "0",
        "--device",
        "cpu",
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    assert run(train(out)) == 0
    assert run(prune(out, out)) == 0
    return out


def same_as(out: Path, undisturbed: Path, name: str) -> None:
    assert hashes(out)[name] == hashes(undisturbed)[name]
    assert read_folder(out / name).provenance == read_folder(undisturbed / name).provenance
    rows = [(folder / "runs" / name / "metrics.csv").read_text().splitlines() for folder in (out, undisturbed)]
    assert [line.split(",")[:5] for line in rows[0]] == [line.split(",")[:5] for line in rows[1]]
    assert [path.name for path in (out / "runs" / name).iterdir()] == ["metrics.csv"]


def test_a_killed_training_goes_on_and_ends_in_the_same_bits(tmp_path: Path, undisturbed: Path) -> None:
    fault = "zoo.train.session:Session.state_dict@after#10=kill"  # while the tenth state is being written
    outcome = harness.run(["-m", "prunarium", *prune(tmp_path, undisturbed)], faults=[fault])
    assert outcome.killed, outcome.stderr
    name = "rigl-resnet8-digits-0.90-s0"
    assert not (tmp_path / name).exists()
    assert (tmp_path / "runs" / name / "state.pt").exists()
    assert run(prune(tmp_path, undisturbed)) == 0
    same_as(tmp_path, undisturbed, name)


@pytest.mark.slow
def test_killed_anywhere_a_training_ends_in_the_same_bits(tmp_path: Path, undisturbed: Path) -> None:
    name = "dense-resnet8-digits-0.00-s0"
    command = ["-m", "prunarium", *train(tmp_path)]
    total = harness.count_calls(command, ["zoo"])
    for call in harness.seeded_calls(total, 12, seed=0):
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        assert harness.run_killed_at_call(command, ["zoo"], call).killed
        assert run(train(tmp_path)) == 0
        same_as(tmp_path, undisturbed, name)
