"""A method that is added as one file, wherever it lies, works as those of the zoo do."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prunarium.cli import run
from zoo.make_all import _pool
from zoo.methods import METHODS
from zoo.recipes import load_recipe

ROOT = Path(__file__).parents[2]
METHOD = ROOT / "tests" / "support" / "own_method.py"
DIGITS = ["--data", "digits:0-4", "--epochs", "1"]

# In a process of its own: the table of the page, what the command lists, and the verdict of the suite.
JUDGE = """
import json, sys
import pytest
from prunarium.cli import run
from tests.evidence.methods_page import facts_table
from zoo.methods import METHODS

print(json.dumps([line for line in facts_table(METHODS) if "largest-go" in line or "their-way" in line]))
assert run(["zoo", "methods", "--json"]) == 0
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Path]:
    """A user's file; whatever it registers is forgotten afterwards."""
    METHODS["gmp"]  # loaded before, so that all of the zoo's own stay
    entries, files = dict(METHODS._entries), list(METHODS.files)
    shutil.copy(METHOD, tmp_path / "mine.py")
    yield tmp_path / "mine.py"
    METHODS._entries, METHODS.files = entries, files


def test_a_file_is_given_with_plugin(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "methods", "largest-go", "--plugin", str(mine), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["title"], row["config"]) == ("Largest go", {"allocation": "global", "scope": "all"})
    out = str(tmp_path / "models")
    assert run(["zoo", "train", "--architecture", "resnet8-digits", *DIGITS, "--out", out]) == 0
    prune = ["zoo", "prune", "--plugin", str(mine), "--method", "largest-go", "--sparsities", "0.90", *DIGITS]
    capsys.readouterr()
    assert run([*prune, "--parents", out, "--out", out, "--json"]) == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert Path(made["path"]).name == "largest-go-resnet8-digits-0.90-s0"


@pytest.mark.slow
def test_processes_that_make_models_know_it(mine: Path) -> None:
    METHODS.load_file(mine)
    with _pool(1) as pool:
        recipe = pool.submit(load_recipe, "resnet8-digits", "largest-go").result()
    assert type(recipe.method) is METHODS["largest-go"]


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "methods", "--plugin", str(tmp_path / "mine.py")]) == 2
    assert "A plugin is a Python file" in capsys.readouterr().err


@pytest.mark.slow
def test_one_new_file_or_an_installed_package_is_all_that_a_method_needs(tmp_path: Path) -> None:
    """Listed by the command and in the table of docs/methods.md, and judged by the conformance suite."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("zoo", "prunarium", "tests/support", "tests/evidence"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    suite = tmp_path / "tests" / "test_methods.py"
    shutil.copy(ROOT / "tests" / "zoo" / "test_methods.py", suite)
    shutil.copy(METHOD, tmp_path / "zoo" / "methods" / "largest_go.py")
    (tmp_path / "their_methods.py").write_text(METHOD.read_text().replace("largest-go", "their-way"))
    info = tmp_path / "their_methods-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-methods\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[prunarium.methods]\ntheirs = their_methods\n")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npythonpath = . tests tests/support\naddopts = --import-mode=importlib\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    words = ["-q", "-p", "no:cacheprovider", str(suite), "-k", "largest-go or their-way"]
    done = subprocess.run(
        [sys.executable, "-c", JUDGE, *words], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table, _, rest = done.stdout.partition("\n")
    assert [line.split("|")[1].strip() for line in json.loads(table)] == ["`largest-go`", "`their-way`"]
    listed, _ = json.JSONDecoder().raw_decode(rest)
    assert {"largest-go", "their-way", "gmp"} <= {row["name"] for row in listed}
    passed = int(done.stdout.rpartition(" passed")[0].rpartition("\n")[2])
    assert passed >= 2 * 13, done.stdout
