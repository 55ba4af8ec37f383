"""Ignore and attribute patterns, judged by git itself."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.hub_server.patterns import FIRST_ATTRIBUTES, ignore_rules, is_ignored, is_large, large_rules

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge")

# fmt: off
PATHS = [
    "a.txt", "b.log", "build/x", "src/build/x", "src/build", "src/a.txt", "docs/deep/er/a.txt", "docs/a.txt", "x/y/z",
    "x/z", "foo.pyc", "foo.pyo", "foo.pyx", "foo/bar", "foo", "a1b2", "aXb", "a/b", ".hidden", "data/raw/one.csv",
]
IGNORES = [
    "*.log", "build/", "/build/", "src/build", "**/a.txt", "docs/**", "docs/**/a.txt", "x/**/z", "*.py[co]",
    "*.py[!co]", "foo/", "/foo", "foo/*", "a?b", "a*b*", "*a*", "**/build/**", "# a.txt", "", "*\n!a.txt",
    "*.txt\n!docs/*.txt", "data/*/one.csv", "data/**", "?.txt", "/*.txt", "**", "*", "/x/",
    "deep/", "**/deep", "[ab].txt",
]
# fmt: on


@needs_git
def test_ignored_as_git_ignores(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for ignore in IGNORES:
        (tmp_path / ".gitignore").write_text(ignore + "\n")
        asked = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"]
        told = subprocess.run(asked, check=False, capture_output=True, text=True, input="\n".join(PATHS)).stdout
        assert [path for path in PATHS if is_ignored(ignore_rules(ignore), path)] == told.splitlines(), ignore


@needs_git
def test_large_as_git_says(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    text = FIRST_ATTRIBUTES + "data/*.csv filter=lfs\nsmall.bin -filter\n# c.txt filter=lfs\n"
    (tmp_path / ".gitattributes").write_text(text)
    paths = [
        "w.bin",
        "a/b/w.safetensors",
        "README.md",
        "data/t.csv",
        "data/x/t.csv",
        "small.bin",
        "c.txt",
        "tfevents.1",
    ]
    told = subprocess.run(
        ["git", "-C", tmp_path, "check-attr", "filter", *paths], check=True, capture_output=True, text=True
    ).stdout
    for path, line in zip(paths, told.splitlines(), strict=True):
        assert is_large(large_rules(text), path) == line.endswith(" lfs"), path


@given(pattern=st.text(alphabet="a/*?[]!b^\\-", max_size=30), path=st.text(alphabet="ab/", min_size=1, max_size=20))
def test_no_pattern_breaks_it(pattern: str, path: str) -> None:
    assert is_ignored(ignore_rules(pattern), path) in (True, False)


@pytest.mark.parametrize("pattern", ["*a" * 400 + "b", "**/a/" * 200 + "b", "*?" * 300 + "/b", "a**" * 300 + "b"])
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    """Trying every way to match takes longer than any time limit of the tests."""
    for path in ("a" * 1000, "a/" * 500 + "c", "ac" * 500):
        assert not is_ignored(ignore_rules(pattern), path)
