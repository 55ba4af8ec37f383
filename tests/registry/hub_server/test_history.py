"""What commits do to trees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.hub_server.errors import BadRequestError, EntryNotFoundError
from registry.hub_server.git import lfs_entry, regular_entry
from registry.hub_server.history import Change, apply, changes_hash, folders_of, make_commit
from registry.hub_server.ndjson import DeleteFile, DeleteFolder, Header
from registry.hub_server.records import Commit, Entry
from registry.hub_server.views import last_changes

TREE = {path: regular_entry(path, path.encode()) for path in ("a", "b/c", "b/d/e", "b-x/f")}


def test_changes_apply_in_order() -> None:
    new = regular_entry("b/c", b"new")
    after = apply(TREE, [DeleteFolder("b"), new, DeleteFile("a"), regular_entry("a", b"again")])
    assert set(after) == {"a", "b/c", "b-x/f"}
    assert after["b/c"] == new
    assert set(TREE) == {"a", "b/c", "b/d/e", "b-x/f"}


def test_a_file_may_become_a_folder_in_one_commit() -> None:
    assert set(apply(TREE, [DeleteFile("a"), regular_entry("a/b", b"")])) == {"a/b", "b/c", "b/d/e", "b-x/f"}


@pytest.mark.parametrize("gone", [DeleteFile("b"), DeleteFile("x"), DeleteFolder("a"), DeleteFolder("b-")])
def test_what_is_not_there_cannot_be_deleted(gone: Change) -> None:
    with pytest.raises(EntryNotFoundError):
        apply(TREE, [gone])


@pytest.mark.parametrize("path", ["a/x", "b", "b/d", "b/d/e/f"])
def test_a_name_is_a_file_or_a_folder(path: str) -> None:
    with pytest.raises(BadRequestError, match="file and a folder"):
        apply(TREE, [regular_entry(path, b"")])


def test_the_root_folder_is_everything() -> None:
    assert apply(TREE, [DeleteFolder("")]) == {}


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.lists(st.one_of(PATHS.map(lambda path: regular_entry(path, b"")), PATHS.map(DeleteFile)), max_size=12))
def test_a_tree_never_holds_a_file_below_a_file(changes: list[Entry | DeleteFile]) -> None:
    try:
        after = apply({}, changes)
    except (BadRequestError, EntryNotFoundError):
        return
    assert not folders_of(after) & set(after)
    kept = [change.path for change in changes if isinstance(change, Entry)]
    assert set(after) <= set(kept)


def test_the_hash_of_a_commit_sees_every_part() -> None:
    header = Header("s", "d", None)
    base: list[Change] = [regular_entry("a", b"1")]
    variants = [
        changes_hash("ann", header, base),
        changes_hash("bob", header, base),
        changes_hash("ann", Header("t", "d", None), base),
        changes_hash("ann", Header("s", "e", None), base),
        changes_hash("ann", Header("s", "d", "0" * 40), base),
        changes_hash("ann", header, [regular_entry("a", b"2")]),
        changes_hash("ann", header, [lfs_entry("a", regular_entry("a", b"1").sha256, 1)]),
        changes_hash("ann", header, [DeleteFile("a")]),
        changes_hash("ann", header, [DeleteFolder("a")]),
    ]
    assert len(set(variants)) == len(variants)
    assert changes_hash("ann", header, base) == variants[0]


def test_last_changes_follow_content() -> None:
    line = [Commit(row, f"{row}" * 40, None, f"n{row}", "", "ann", None, row) for row in (3, 2, 1)]
    trees = {1: {"a": "x", "b": "x"}, 2: {"a": "y", "b": "x"}, 3: {"a": "x", "c": "x"}}
    assert {path: commit.id for path, commit in last_changes(trees, line).items()} == {"a": 3, "c": 3}
    assert {path: commit.id for path, commit in last_changes(trees, line[1:]).items()} == {"a": 2, "b": 1}


def test_equal_commits_have_equal_ids_and_others_not() -> None:
    first = make_commit(TREE, None, "ann", 1_000_000, "t", "", None)
    assert first == make_commit(dict(reversed(TREE.items())), None, "ann", 1_000_000, "t", "", None)
    assert first.oid != make_commit(TREE, first.oid, "ann", 1_000_000, "t", "", None).oid
