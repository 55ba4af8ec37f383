"""Merges and differences; git itself judges the text."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.hub_server.git import lfs_entry, regular_entry
from registry.hub_server.merging import git_diff, merge
from registry.hub_server.records import Entry

PATHS = st.sampled_from(["a", "b", "c/d", "c", "e"])
TREES = st.dictionaries(PATHS, st.sampled_from([b"1", b"2", b"3"]), max_size=5)


def tree(files: Mapping[str, bytes]) -> dict[str, Entry]:
    return {path: regular_entry(path, content) for path, content in files.items()}


@given(base=TREES, ours=TREES, theirs=TREES)
def test_a_merge_has_every_change_of_either_side_and_no_other(
    base: dict[str, bytes], ours: dict[str, bytes], theirs: dict[str, bytes]
) -> None:
    merged, conflicts = merge(tree(base), tree(ours), tree(theirs))
    for path in {*base, *ours, *theirs}:
        if path in conflicts:
            continue
        versions = [files.get(path) for files in (base, ours, theirs)]
        changed = [version for version in versions[1:] if version != versions[0]]
        expected = changed[0] if changed else versions[0]
        assert merged.get(path) == (None if expected is None else regular_entry(path, expected))


@given(base=TREES, ours=TREES)
def test_nothing_to_merge_changes_nothing(base: dict[str, bytes], ours: dict[str, bytes]) -> None:
    assert merge(tree(base), tree(ours), tree(base)).tree == tree(ours)
    assert merge(tree(ours), tree(ours), tree(base)).tree == tree(base)


@pytest.mark.parametrize(
    ("ours", "theirs", "conflicts"),
    [
        ({"a": b"2"}, {"a": b"3"}, ["a"]),
        ({}, {"a": b"3"}, ["a"]),
        ({"a": b"2"}, {}, ["a"]),
        ({}, {}, []),
        ({"a": b"2"}, {"a": b"2"}, []),
        ({"a": b"1", "k": b"x"}, {"a": b"1", "k/l": b"y"}, ["k"]),
    ],
)
def test_conflicts(ours: dict[str, bytes], theirs: dict[str, bytes], conflicts: list[str]) -> None:
    assert merge(tree({"a": b"1"}), tree(ours), tree(theirs)).conflicts == conflicts


BEFORE = {
    "a": b"1\n2\n3\n4\n5\n6\n7\n8\n9\n",
    "gone": b"x\n",
    "tail": b"no end",
    "u/\xc3\xbc.txt".encode().decode("latin-1"): b"\xc3\xa4\n",
}
AFTER = {"a": b"1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n", "tail": b"no end\nnow\n", "new/f": b"first\n", "empty": b""}


def test_git_applies_the_difference(tmp_path: Path) -> None:
    for path, content in BEFORE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    both = BEFORE | AFTER
    text = "".join(git_diff(tree(BEFORE), tree(AFTER), lambda entry: _content(entry, BEFORE, both)))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, check=True, input=text.encode())
    left = {
        str(p.relative_to(tmp_path)): p.read_bytes()
        for p in tmp_path.rglob("*")
        if p.is_file() and ".git" not in p.parts
    }
    assert left == AFTER


def _content(entry: Entry, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> bytes:
    for files in (before, after):
        if entry.path in files and regular_entry(entry.path, files[entry.path]) == entry:
            return files[entry.path]
    raise KeyError(entry.path)


def test_large_and_binary_files() -> None:
    old, new = lfs_entry("w.bin", "a" * 64, 10), lfs_entry("w.bin", "b" * 64, 20)
    text = "".join(git_diff({"w.bin": old}, {"w.bin": new}, lambda _: None))
    assert f"-oid sha256:{'a' * 64}\n-size 10\n+oid sha256:{'b' * 64}\n+size 20\n" in text


@pytest.mark.parametrize("content", [b"\0", b"\xff", None])
def test_what_is_no_text(content: bytes | None) -> None:
    found = "".join(git_diff({}, tree({"a": b"x"}), lambda _: content))
    assert found.endswith("Binary files /dev/null and b/a differ\n")
