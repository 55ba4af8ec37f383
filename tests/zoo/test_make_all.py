"""Many models: the number of processes changes no bit, and an interrupted run ends the same when it is run again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_models import dense, hashes

from zoo.core.errors import UsageError
from zoo.errors import FolderTakenError
from zoo.make import make_model
from zoo.make_all import make_models

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What four seeds give, made one after the other in this process."""
    folder = tmp_path_factory.mktemp("expected")
    assert [made.request.seed for made in make_models([dense(folder, seed) for seed in range(4)])] == [0, 1, 2, 3]
    return hashes(folder)


@pytest.mark.slow
def test_two_processes_make_the_same_models_and_errors_arrive_as_they_are(
    tmp_path: Path, expected: dict[str, str]
) -> None:
    make_model(dense(tmp_path, seed=4))
    environment = dict(os.environ)
    found = []
    with pytest.raises(FolderTakenError, match=r"made with other settings.\n.*--overwrite"):
        for made in make_models([dense(tmp_path, seed) for seed in range(4)] + [dense(tmp_path, 4, epochs=2)], 2):
            found.append((made.request.seed, made.reused))
    assert found == [(seed, False) for seed in range(4)]
    assert {name: value for name, value in hashes(tmp_path).items() if not name.endswith("s4")} == expected
    assert dict(os.environ) == environment


def test_a_run_that_stopped_between_models_reuses_and_ends_the_same(tmp_path: Path, expected: dict[str, str]) -> None:
    requests = [dense(tmp_path, seed) for seed in range(4)]
    interrupted = make_models(requests)
    next(interrupted)
    next(interrupted)
    del interrupted
    assert len(hashes(tmp_path)) == 2
    assert [made.reused for made in make_models(requests)] == [True, True, False, False]
    assert hashes(tmp_path) == expected


@pytest.mark.slow
def test_a_killed_command_can_be_run_again_and_ends_the_same(tmp_path: Path, expected: dict[str, str]) -> None:
    command = [sys.executable, "-m", "prunarium", "zoo", "train", "--architecture", "resnet8-digits"]
    command += ["--data", "digits:0-4", "--seeds", "0,1,2,3", "--epochs", "1", "--out", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "dense-resnet8-digits-0.00-s0").exists():
        assert process.poll() is None or (tmp_path / "dense-resnet8-digits-0.00-s0").exists()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = list(make_models([dense(tmp_path, seed) for seed in range(4)]))
    assert made[0].reused
    assert hashes(tmp_path) == expected


def test_no_processes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="At least one process"):
        list(make_models([dense(tmp_path)], processes=0))
