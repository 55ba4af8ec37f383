"""Start a real process, let a fault meet it, look at what it left. See README.md beside this file."""

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fault_points import CALLS, ONCE, POINTS, parse

ROOT = Path(__file__).parents[2]
_INJECTED = Path(__file__).parent / "injected"


@dataclass(frozen=True)
class Outcome:
    """How a process ended and what it said."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.returncode == -signal.SIGKILL


def run(
    arguments: Sequence[str],
    *,
    faults: Sequence[str] = (),
    once: Path | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_seconds: float = 280.0,
) -> Outcome:
    """Run ``python *arguments`` until it ends; ``faults`` are points such as ``registry.jobs:finish@after#2=kill``."""
    process = start(arguments, faults=faults, once=once, environ=environ, cwd=cwd)
    try:
        stdout, stderr = process.communicate(timeout=timeout_seconds)
    finally:
        kill_group(process)
    return Outcome(process.returncode, stdout, stderr)


def start(
    arguments: Sequence[str],
    *,
    faults: Sequence[str] = (),
    once: Path | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[str]:
    """Start ``python *arguments`` in a process group of its own, with faults armed in it and in its children."""
    return _start(arguments, armed(faults, once) | dict(environ or {}), cwd)


def armed(faults: Sequence[str], once: Path | None = None) -> dict[str, str]:
    """What arms ``faults`` in any Python process that gets it as its environment."""
    for fault in faults:
        parse(fault)
    return {POINTS: " ".join(faults), "PYTHONPATH": _path()} | ({ONCE: str(once)} if once else {})


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL for the process and all that it started, and wait for it."""
    with suppress(ProcessLookupError):  # all of them had ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def count_calls(
    arguments: Sequence[str],
    packages: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """How many calls of functions of ``packages`` an undisturbed run makes in its first process."""
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "calls"
        counting = {CALLS: f"count {counted} {' '.join(packages)}"}
        process = _start(arguments, counting | dict(environ or {}), cwd)
        stdout, stderr = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"the undisturbed run failed: {stderr or stdout}")
        return int(counted.read_text(encoding="utf-8"))


def run_killed_at_call(
    arguments: Sequence[str],
    packages: Sequence[str],
    call: int,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Outcome:
    """Run until the ``call``-th call of a function of ``packages``, which is met by SIGKILL."""
    process = _start(arguments, {CALLS: f"kill {call} {' '.join(packages)}"} | dict(environ or {}), cwd)
    stdout, stderr = process.communicate()
    kill_group(process)
    return Outcome(process.returncode, stdout, stderr)


def seeded_calls(total: int, count: int, seed: int) -> list[int]:
    """``count`` different calls out of 1 … ``total``, in rising order, the same for one seed."""
    return sorted(random.Random(seed).sample(range(1, total + 1), min(count, total)))  # noqa: S311 - no secret


def _path() -> str:
    folders = (str(_INJECTED), str(ROOT), str(ROOT / "tests" / "support"), os.environ.get("PYTHONPATH", ""))
    return os.pathsep.join(filter(None, folders))


def _start(arguments: Sequence[str], given: Mapping[str, str], cwd: Path | None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": _path(), "OMP_NUM_THREADS": "1", **given},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
