"""A process is known by more than its number."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.owners import is_gone, this_owner

ROOT = Path(__file__).parents[2]
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def test_the_name_is_stable_and_not_gone() -> None:
    assert this_owner() == this_owner()
    assert not is_gone(this_owner())


@linux
def test_a_process_that_ended_is_gone() -> None:
    code = f"import sys; sys.path.append({str(ROOT)!r}); from benchmark.owners import this_owner; print(this_owner())"
    owner = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert owner != this_owner()
    assert is_gone(owner)


@linux
def test_a_number_that_is_used_again_is_another_process() -> None:
    name, _, start = this_owner().rpartition("/")
    assert is_gone(f"{name}/{int(start) - 1}")


@linux
@pytest.mark.parametrize(
    "owner",
    [
        "",
        "somebody",
        f"elsewhere/[1]/{os.getpid()}/1",
        f"{socket.gethostname()}/[another container]/999999999/1",
        f"{socket.gethostname()}/-/999999999/1",
    ],
    ids=["empty", "unknown form", "another host", "another container", "no container"],
)
def test_in_doubt_nobody_is_declared_dead(owner: str) -> None:
    assert not is_gone(owner)
