"""The main job: again it reuses, and interrupted it ends with the numbers that its printed commands give.

A small demo (one seed, one sparsity, two methods) stands for the whole; `make demo` runs all of it.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import harness
import pytest

from prunarium.cli import run
from prunarium.demo import Plan, main_steps, shell_commands
from registry import queries
from registry.db.session import make_engine, session_scope

SMALL = ("--seeds", "0", "--sparsities", "0.98", "--methods", "gmp,random")
# Every worker process imports torch: they are started where a fault is to meet one.
ALONE, TOGETHER = 1, 2
# One place in each part of the demo: while a model is written, published, pulled, evaluated.
FAULTS = (
    ("zoo.checkpoint.folder:write_folder@before#1=kill", TOGETHER),
    ("registry.publish:publish@before#2=kill", ALONE),
    ("registry.pull:pull@after#1=kill", ALONE),
    ("registry.jobs:finish@before#3=kill", TOGETHER),
)


def _free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def _demo(home: Path, processes: int, *more: str) -> list[str]:
    options = ("--home", str(home), "--port", _free_port_of(home), "--processes", str(processes))
    return ["-m", "prunarium", "demo", *options, *SMALL, *more]


_PORTS: dict[Path, str] = {}


def _free_port_of(home: Path) -> str:
    """The port belongs to the home: published revisions name the hub they are on."""
    return _PORTS.setdefault(home, _free_port())


def _numbers(home: Path, models: int = 3) -> dict[tuple[object, ...], object]:
    """Every measured number of a catalogue but latency, which is another one each time."""
    engine = make_engine(f"sqlite:///{home / 'catalogue.sqlite'}")
    with session_scope(engine) as session:
        rows = queries.results(session, trust="measured")
        hashes = {
            record.slug: checkpoint.densified_hash
            for record in queries.list_models(session)
            if record.id is not None and (checkpoint := queries.checkpoint_of(session, record.id)) is not None
        }
    engine.dispose()
    numbers: dict[tuple[object, ...], object] = {
        (row.model, row.task, row.protocol, row.metric, row.condition, row.seed): (
            row.value,
            row.missing_reason,
            row.ci_low,
            row.ci_high,
            row.n,
        )
        for row in rows
        if not row.metric.startswith("latency")
    }
    assert len(hashes) == models
    assert len(numbers) > 100
    return numbers | {("hash", slug): digest for slug, digest in hashes.items()}


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that the printed commands filled, typed into a shell in a fresh folder."""
    folder = tmp_path_factory.mktemp("typed")
    home = folder / "home"
    printed = harness.run([*_demo(home, ALONE), "--print-commands"])
    assert printed.returncode == 0
    script, last = printed.stdout.strip().rsplit("\n", 1)
    assert last == "prunarium serve"
    commands = folder / "bin"
    commands.mkdir()
    (commands / "prunarium").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m prunarium "$@"\n')
    (commands / "prunarium").chmod(0o755)
    shell = subprocess.run(
        ["bash", "-c", f"set -e\ntrap 'kill $(jobs -p)' EXIT\n{script}"],
        env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert shell.returncode == 0, shell.stderr
    return home


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of a demo that was killed again and again before it ended well."""
    folder = tmp_path_factory.mktemp("interrupted")
    home = folder / "home"
    for number, (fault, processes) in enumerate(FAULTS):
        happened = folder / f"happened-{number}"
        outcome = harness.run(_demo(home, processes), faults=[fault], once=happened, timeout_seconds=280)
        assert happened.exists(), f"{fault} was not reached: {outcome.stderr}"
        assert outcome.killed or outcome.returncode in (0, 1), outcome.stderr
        assert "Traceback" not in outcome.stderr or outcome.returncode == 1
    outcome = harness.run(_demo(home, ALONE), timeout_seconds=280)
    assert outcome.returncode == 0, outcome.stderr
    assert "prunarium serve" in outcome.stderr
    return home


def test_a_second_demo_reuses_what_exists_and_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = _demo(home, ALONE, "--methods", "gmp")
    first = harness.run(command, timeout_seconds=280)
    assert first.returncode == 0, first.stderr
    assert "prunarium serve" in first.stderr
    before = _numbers(home, models=2)
    outcome = harness.run(command, timeout_seconds=280)
    assert outcome.returncode == 0, outcome.stderr
    assert "reused gmp-resnet8-digits-0.98-s0" in outcome.stderr
    assert "made " not in outcome.stderr
    assert "everything exists (12 evaluations of 2 models reused)" in outcome.stderr
    assert _numbers(home, models=2) == before


@pytest.mark.slow
def test_a_demo_that_is_killed_again_and_again_gives_the_numbers_of_the_printed_commands(
    interrupted: Path, typed: Path
) -> None:
    assert _numbers(interrupted) == _numbers(typed)


@pytest.mark.slow
def test_a_demo_in_peace_and_in_two_processes_gives_the_same_numbers(typed: Path, tmp_path: Path) -> None:
    outcome = harness.run(_demo(tmp_path / "home", TOGETHER), timeout_seconds=280)
    assert outcome.returncode == 0, outcome.stderr
    assert _numbers(tmp_path / "home") == _numbers(typed)


@pytest.mark.torture
def test_a_demo_that_is_killed_at_any_call_of_ours_ends_the_same(typed: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    packages = ["prunarium", "zoo", "registry", "benchmark", "leaderboard"]
    total = harness.count_calls(_demo(tmp_path / "counted", TOGETHER), packages)
    for call in harness.seeded_calls(total, 20, seed=0):
        outcome = harness.run_killed_at_call(_demo(home, TOGETHER), packages, call)
        # What exists is reused, so a later run makes fewer calls and may end well before its own is reached.
        assert outcome.killed or outcome.returncode == 0, outcome.stderr
    assert harness.run(_demo(home, TOGETHER), timeout_seconds=280).returncode == 0
    assert _numbers(home) == _numbers(typed)


def test_a_taken_port_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        assert run(["demo", "--home", str(tmp_path / "home"), "--port", port, *SMALL]) == 1
    assert port in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(["demo", "--home", str(tmp_path / "file" / "home")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_an_unknown_method_is_an_error_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--home", str(tmp_path / "home"), "--methods", "gmp,rigel"]) == 2
    assert "Did you mean 'rigl'" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_empty_lists_are_bad_usage(tmp_path: Path) -> None:
    assert run(["demo", "--home", str(tmp_path / "home"), "--methods", " "]) == 2
    assert not (tmp_path / "home").exists()


def test_the_shell_gets_exactly_the_steps_that_are_run(tmp_path: Path) -> None:
    plan = Plan(tmp_path, 7861)
    printed = shell_commands(plan)
    assert [str(step) for step in main_steps(plan)] == printed[-1 - len(list(main_steps(plan))) : -1]
    assert shutil.which("prunarium") is None or printed[-1] == "prunarium serve"
