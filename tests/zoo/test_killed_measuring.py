"""SIGKILL while curvature is measured inside one step: the same command goes on with it and ends in the same bits."""

from pathlib import Path

import harness
import pytest
import torch
from small_models import hashes

from prunarium.cli import run


def train(out: Path) -> list[str]:
    what = ["--architecture", "resnet8-digits", "--data", "digits:0-4", "--epochs", "2"]
    return ["zoo", "train", *what, "--out", str(out), "--device", "cpu"]


def prune(method: str, out: Path, parents: Path) -> list[str]:
    what = ["--method", method, "--sparsities", "0.90", "--data", "digits:0-4", "--epochs", "2"]
    where = ["--parents", str(parents), "--out", str(out), "--save-seconds", "0", "--device", "cpu"]
    return ["zoo", "prune", *what, *where]


@pytest.fixture(scope="module")
def parents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("parents")
    assert run(train(out)) == 0
    return out


@pytest.mark.slow  # tests/zoo/second_order/test_accumulate.py stops every kind of sum within one process
@pytest.mark.parametrize(
    ("method", "writes"),
    [
        ("block-fisher", 6),
        ("m-fac", 9),
        ("obd", 7),
        ("cap", 6),
    ],
)
def test_a_killed_measuring_goes_on_and_ends_in_the_same_bits(
    method: str, writes: int, tmp_path: Path, parents: Path
) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    assert run(prune(method, straight, parents)) == 0
    fault = f"zoo.scratch:Slot.write@after#{writes}=kill"
    assert harness.run(["-m", "prunarium", *prune(method, killed, parents)], faults=[fault]).killed
    name = f"{method}-resnet8-digits-0.90-s0"
    kept = [path for path in (killed / "runs" / name).glob("measuring-*") if "change" not in path.name]
    assert all(torch.load(path, weights_only=True)["state"]["count"] > 0 for path in kept)
    assert kept
    assert run(prune(method, killed, parents)) == 0
    assert hashes(killed)[name] == hashes(straight)[name]
    assert [path.name for path in (killed / "runs" / name).iterdir()] == ["metrics.csv"]
