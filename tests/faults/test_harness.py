"""The fault harness does what its README says: faults fire where they are asked for, and nowhere else."""

import errno
import json
import os
import signal
import time
from pathlib import Path

import harness
import pytest
from fault_points import parse
from small_disk import fill, small_disk

WRITER = """
import json, pathlib
from zoo.core.canonical import canonical_json
for number in range(3):
    canonical_json({"n": number})
    pathlib.Path(f"step-{number}").write_text("done")
print("end")
"""
POINT = "zoo.core.canonical:canonical_json"


def test_without_faults_nothing_happens(tmp_path: Path) -> None:
    outcome = harness.run(["-c", WRITER], cwd=tmp_path)
    assert (outcome.returncode, outcome.stdout) == (0, "end\n")


@pytest.mark.parametrize(("when", "call", "steps"), [("before", 1, 0), ("after", 2, 1), ("before", 3, 2)])
def test_a_process_is_killed_at_a_named_call(tmp_path: Path, when: str, call: int, steps: int) -> None:
    outcome = harness.run(["-c", WRITER], faults=[f"{POINT}@{when}#{call}=kill"], cwd=tmp_path)
    assert outcome.killed
    assert len(list(tmp_path.glob("step-*"))) == steps


def test_a_method_and_a_loaded_module_can_be_points(tmp_path: Path) -> None:
    outcome = harness.run(["-c", WRITER], faults=["pathlib:Path.write_text@before#2=enospc"], cwd=tmp_path)
    assert outcome.returncode == 1
    assert os.strerror(errno.ENOSPC) in outcome.stderr
    assert [path.name for path in tmp_path.glob("step-*")] == ["step-0"]


def test_a_fault_that_happens_once_spares_the_next_process(tmp_path: Path) -> None:
    faults, once = [f"{POINT}@before#1=kill"], tmp_path / "happened"
    assert harness.run(["-c", WRITER], faults=faults, once=once, cwd=tmp_path).killed
    assert harness.run(["-c", WRITER], faults=faults, once=once, cwd=tmp_path).returncode == 0


def test_children_get_the_faults_too(tmp_path: Path) -> None:
    parent = "import subprocess, sys; print(subprocess.run([sys.executable, '-c', sys.argv[1]]).returncode)"
    outcome = harness.run(["-c", parent, WRITER], faults=[f"{POINT}@before#1=kill"], cwd=tmp_path)
    assert outcome.stdout.strip() == str(-signal.SIGKILL)


def test_a_stopped_process_is_alive_and_silent_until_its_group_is_killed(tmp_path: Path) -> None:
    process = harness.start(["-c", WRITER], faults=[f"{POINT}@before#2=stop"], cwd=tmp_path)
    deadline = time.monotonic() + 30
    while _state(process.pid) != "T" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert _state(process.pid) == "T"
    harness.kill_group(process)
    assert process.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.glob("step-*")] == ["step-0"]


def test_calls_are_counted_and_every_one_can_be_the_last(tmp_path: Path) -> None:
    total = harness.count_calls(["-c", WRITER], ["zoo"], cwd=tmp_path)
    assert total == harness.count_calls(["-c", WRITER], ["zoo"], cwd=tmp_path)
    assert harness.run_killed_at_call(["-c", WRITER], ["zoo"], total, cwd=tmp_path).killed
    beyond = harness.run_killed_at_call(["-c", WRITER], ["zoo"], total + 1, cwd=tmp_path)
    assert (beyond.returncode, beyond.stdout) == (0, "end\n")


def test_seeded_calls_are_in_range_and_repeatable() -> None:
    drawn = harness.seeded_calls(100, 10, seed=3)
    assert drawn == harness.seeded_calls(100, 10, seed=3) != harness.seeded_calls(100, 10, seed=4)
    assert len(set(drawn)) == 10
    assert min(drawn) >= 1
    assert max(drawn) <= 100


@pytest.mark.parametrize("text", ["registry.jobs", "a:b@during#1=kill", "a:b@before#1=explode", "a:b@before#x=kill"])
def test_a_misspelt_point_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no fault point"):
        parse(text)


def test_a_small_disk_is_full_and_empties(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        filler = fill(disk, leave_bytes=8192)
        with pytest.raises(OSError, match="No space left") as error:
            (disk / "big").write_bytes(b"\1" * 100_000)
        assert error.value.errno == errno.ENOSPC
        filler.unlink()
        (disk / "big").write_bytes(b"\1" * 100_000)
        assert json.dumps([path.name for path in disk.iterdir()]) == '["big"]'
    assert not (tmp_path / "disk" / "big").exists()


def _state(pid: int) -> str:
    """The process's state letter in /proc."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
