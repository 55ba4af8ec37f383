"""Pull requests as pure functions: what a merge makes of two trees, and what changed between them as a git diff."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from .git import lfs_pointer
from .history import folders_of
from .records import Commit, Entry

Tree = Mapping[str, Entry]
_CONTEXT_LINES = 3
_NO_FILE = "0" * 40


class Merged(NamedTuple):
    """The tree with both sides' changes; it must not be used while there are conflicts."""

    tree: dict[str, Entry]
    conflicts: list[str]


def merge_base(line: Iterable[Commit], other: Iterable[Commit]) -> Commit | None:
    """The newest commit of ``line`` that is in ``other`` too (both newest first); None when they share nothing."""
    known = {commit.oid for commit in other}
    return next((commit for commit in line if commit.oid in known), None)


def merge(base: Tree, ours: Tree, theirs: Tree) -> Merged:
    """Their changes since ``base`` on top of ours, file by file: lines of one file are never mixed.

    A path is a conflict when both sides changed it to different things, or when it would be a file and a folder.
    """
    tree, conflicts = dict(ours), set()
    for path in base.keys() | theirs.keys():
        before, mine, other = base.get(path), ours.get(path), theirs.get(path)
        if other in (before, mine):
            continue
        if mine != before:
            conflicts.add(path)
        elif other is None:
            del tree[path]
        else:
            tree[path] = other
    conflicts |= folders_of(tree) & set(tree)
    return Merged(tree, sorted(conflicts))


def git_diff(before: Tree, after: Tree, read: Callable[[Entry], bytes | None]) -> Iterator[str]:
    """Pieces of the text that ``git diff`` would print, file by file; large files as their pointers, as git has them.

    ``read`` gives the bytes of a regular file, or None for one that is too large to compare.
    """
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            yield from _file_diff(path, old, new, read)


def _file_diff(path: str, old: Entry | None, new: Entry | None, read: Callable[[Entry], bytes | None]) -> Iterator[str]:
    yield f"diff --git a/{path} b/{path}\n"
    if old is None:
        yield "new file mode 100644\n"
    if new is None:
        yield "deleted file mode 100644\n"
    mode = " 100644" if old and new else ""
    yield f"index {old.git_oid if old else _NO_FILE}..{new.git_oid if new else _NO_FILE}{mode}\n"
    lines, other = _lines(old, read), _lines(new, read)
    names = (f"a/{path}" if old else "/dev/null", f"b/{path}" if new else "/dev/null")
    if lines is None or other is None:
        yield f"Binary files {names[0]} and {names[1]} differ\n"
        return
    for line in difflib.unified_diff(lines, other, *names, n=_CONTEXT_LINES):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(entry: Entry | None, read: Callable[[Entry], bytes | None]) -> list[str] | None:
    """The lines with their ends; None for what is no text."""
    if entry is None:
        return []
    content = lfs_pointer(entry.sha256, entry.size) if entry.is_lfs else read(entry)
    if content is None or b"\0" in content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
