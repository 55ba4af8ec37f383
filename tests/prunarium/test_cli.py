"""The front door: lazy, one place for errors, exit codes 0, 1 and 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from prunarium import __version__
from prunarium.cli import COMMANDS, load_command, run
from zoo.core.errors import PrunariumError


def test_help_lists_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from prunarium.cli import run; code = run(['--help']);"
        "heavy = [m for m in ('torch', 'sqlalchemy', 'fastapi', 'huggingface_hub') if m in sys.modules];"
        "sys.exit(code or len(heavy))"
    )
    process = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    for name in COMMANDS:
        assert f"\n  {name} " in process.stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_of_every_command_works(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (load_command(name, COMMANDS[name]).help or "").strip().endswith(".")
    assert run([name, "--help"]) == 0
    assert f"Usage: prunarium {name}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_an_unknown_command_is_bad_usage_and_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serv"]) == 2
    assert "Did you mean 'serve'" in capsys.readouterr().err


def test_an_error_is_a_sentence_with_a_hint_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise PrunariumError("The thing is broken.", "Type: mend it")

    monkeypatch.setattr("registry.cli_inspect.inspect", fail)
    assert run(["inspect"]) == 1
    assert capsys.readouterr().err == "error: The thing is broken.\nType: mend it\n"


def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("registry.cli_inspect.inspect", fail)
    assert run(["inspect"]) == 1
    assert "pip install 'prunarium[zoo]'" in capsys.readouterr().err


def test_a_fault_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("registry.cli_inspect.inspect", fail)
    with pytest.raises(KeyError):
        run(["inspect"])


def test_a_path_that_the_system_refuses_is_one_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inspect", f"{'a' * 300}.safetensors"]) == 1
    assert "cannot be used: File name too long." in capsys.readouterr().err


def test_a_fault_without_a_path_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("a bug")

    monkeypatch.setattr("registry.cli_inspect.inspect", fail)
    with pytest.raises(OSError, match="a bug"):
        run(["inspect"])


_TRAIN = ["zoo", "train", "--out", "out"]
_PRUNE = ["zoo", "prune", "--data", "digits:0-4", "--parents", "parents", "--out", "out"]
WRONG_INPUT = {
    "unknown method": ([*_PRUNE, "--method", "gnp", "--sparsities", "0.9"], 2, "Did you mean 'gmp'"),
    "sparsity 1.5": ([*_PRUNE, "--method", "gmp", "--sparsities", "1.5"], 2, "1.5"),
    "missing parents": ([*_PRUNE, "--method", "gmp", "--sparsities", "0.9"], 2, "parents"),
    "unknown architecture": ([*_TRAIN, "--data", "digits:0-4", "--architecture", "resnet9"], 2, "Did you mean 'resnet"),
    "unknown data": ([*_TRAIN, "--data", "digit:0-4", "--architecture", "resnet8-digits"], 2, "digits"),
    "missing file": (["inspect", "nowhere.safetensors"], 2, "nowhere.safetensors"),
    "missing folder to check": (["check", "nowhere"], 2, "nowhere"),
    "unknown suite": (["benchmark", "run", "--suite", "digit-demo"], 2, "digits-demo"),
    "unknown model": (["pull", "gmp/resnet8-digits/0.90-s9"], 2, "0.90-s9"),
}


@pytest.mark.parametrize("case", list(WRONG_INPUT))
def test_wrong_input_is_one_clear_error(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    args, code, part = WRONG_INPUT[case]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "home"))
    assert run(["db", "upgrade"]) == 0
    capsys.readouterr()
    assert run(args) == code
    captured = capsys.readouterr()
    assert part in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert not (tmp_path / "out").exists()


def test_a_corrupted_checkpoint_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 64)
    assert run(["inspect", "broken.safetensors"]) == 1
    assert "broken.safetensors" in capsys.readouterr().err


def test_json_goes_to_stdout_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "home"))
    for command in (
        ["db", "upgrade"],
        ["zoo", "methods"],
        ["zoo", "architectures"],
        ["benchmark", "tasks"],
        ["search"],
    ):
        capsys.readouterr()
        assert run([*command, "--json"]) == 0
        json.loads(capsys.readouterr().out)
