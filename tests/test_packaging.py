"""The built wheel installs in a clean environment and runs from another folder, without torch."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from optional import need

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``prunarium`` command of a fresh environment that holds the wheel and its base dependencies only."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder)
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--constraint", str(ROOT / "constraints.txt")]
    command = [sys.executable, "-m", "pip", "--python", str(folder), "install", *options, str(wheel)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    need("index", run.returncode == 0, "a package index that pip can reach")
    return folder / "bin" / "prunarium"


def test_wheel_holds_the_data_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in ("prunarium", "zoo", "registry", "benchmark", "leaderboard"):
        assert f"{package}/py.typed" in names
    for pattern in ("leaderboard/templates/", "leaderboard/static/", "registry/migrations/versions/0001", ".csv"):
        assert any(pattern in name for name in names), f"the wheel holds no {pattern}"
    assert not any(name.startswith("tests/") for name in names)


@pytest.mark.slow
def test_base_install_runs_from_another_folder_without_torch(installed: Path, tmp_path: Path) -> None:
    environment = {"PRUNARIUM_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}

    def prunarium(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed, *args], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    (tmp_path / "benchmark").mkdir()  # a user's own folder of that name must not shadow ours
    board = prunarium("board", "--json")
    assert board.returncode == 0, board.stderr
    assert json.loads(board.stdout)
    assert prunarium("db", "check").returncode == 0
    without_torch = prunarium("zoo", "train", "--architecture", "resnet8-digits", "--data", "digits:0-4", "--out", "x")
    assert without_torch.returncode == 1
    assert "pip install 'prunarium[zoo]'" in without_torch.stderr
    assert "Traceback" not in without_torch.stderr
