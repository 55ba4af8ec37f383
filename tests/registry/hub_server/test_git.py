"""Object ids, judged by git."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.hub_server.git import commit_oid, lfs_entry, lfs_pointer, object_oid, regular_entry, tree_oids

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge")


def git(folder: Path, *arguments: str, content: bytes | None = None, **environ: str) -> str:
    done = subprocess.run(
        ["git", "-C", folder, *arguments], check=True, capture_output=True, input=content, env=os.environ | environ
    )
    return done.stdout.decode().strip()


@needs_git
def test_a_commit_is_what_git_makes_of_the_same_files(tmp_path: Path) -> None:
    files = {"a": b"1", "a.b": b"2", "a-b/c": b"3", "d/e/f": b"", "d/e-f": b"5", "d.e": b"6", "é/ü": "ß".encode()}
    git(tmp_path, "init", "-q")
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    git(tmp_path, "add", ".")
    tree = git(tmp_path, "write-tree")
    oids = tree_oids(regular_entry(path, content) for path, content in files.items())
    assert oids[""] == tree
    assert oids["d/e"] == git(tmp_path, "rev-parse", f"{tree}:d/e")
    person = {"NAME": "ann", "EMAIL": "ann@users.noreply.hub", "DATE": "1700000000 +0000"}
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
    first = git(tmp_path, "commit-tree", tree, content=b"title\n", **who)
    assert commit_oid(tree, None, "ann", 1_700_000_000_999_999, "title", "") == first
    second = git(tmp_path, "commit-tree", tree, "-p", first, content=b"title\n\nbody\n", **who)
    assert commit_oid(tree, first, "ann", 1_700_000_000_000_000, "title", "body") == second


def test_the_empty_tree() -> None:
    """The best known id of git."""
    assert tree_oids([]) == {"": "4b825dc642cb6eb9a060e54bf8d69288fbee4904"}


def test_a_pointer_is_the_text_of_the_specification() -> None:
    """The example of git-lfs docs/spec.md, byte by byte."""
    oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n".encode()
    assert lfs_pointer(oid, 12345) == text
    assert lfs_entry("w.bin", oid, 12345).git_oid == object_oid("blob", text)


NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "z"])


@given(paths=st.sets(st.lists(NAMES, min_size=1, max_size=4).map("/".join), max_size=8))
@settings(max_examples=200)
def test_every_folder_has_an_id_that_its_content_alone_decides(paths: set[str]) -> None:
    files = [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]
    oids = tree_oids(regular_entry(path, b"x") for path in files)
    for folder in oids.keys() - {""}:
        below = [path.removeprefix(f"{folder}/") for path in files if path.startswith(f"{folder}/")]
        assert oids[folder] == tree_oids(regular_entry(path, b"x") for path in below)[""]
