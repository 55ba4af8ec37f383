"""What a commit does to a tree, as pure functions."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from .errors import BadRequestError, EntryNotFoundError
from .git import commit_oid, tree_oids
from .ndjson import DeleteFile, DeleteFolder, Header
from .records import Commit, Entry

# What a commit line has become once its bytes are stored: an entry to write, or something to delete.
Change = Entry | DeleteFile | DeleteFolder
Tree = Mapping[str, Entry]


def apply(tree: Tree, changes: Iterable[Change]) -> dict[str, Entry]:
    """The tree after ``changes``, in their order.

    Raises :class:`EntryNotFoundError` when something to delete is not there and :class:`BadRequestError` when a name
    would be a file and a folder at once.
    """
    after = dict(tree)
    for change in changes:
        if isinstance(change, Entry):
            after[change.path] = change
        elif isinstance(change, DeleteFile):
            if after.pop(change.path, None) is None:
                raise EntryNotFoundError(f"A file with this name doesn't exist: {change.path!a}")
        else:
            _delete_folder(after, change.path)
    _refuse_clashes(after)
    return after


def changes_hash(author: str, header: Header, changes: Sequence[Change]) -> str:
    """64 hex digits; a commit that is sent again has the hash of the first time."""
    rows = [_row(change) for change in changes]
    content = [author, header.summary, header.description, header.parent, rows]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def make_commit(
    tree: Tree, parent: str | None, author: str, at_us: int, title: str, message: str, operations_hash: str | None
) -> Commit:
    """A commit that is not stored yet (its row id is 0)."""
    root = tree_oids(tree.values())[""]
    oid = commit_oid(root, parent, author, at_us, title, message)
    return Commit(0, oid, parent, title, message, author, operations_hash, at_us)


def folders_of(paths: Iterable[str]) -> set[str]:
    """Every folder above any of ``paths``, without the root."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _delete_folder(tree: dict[str, Entry], folder: str) -> None:
    gone = [path for path in tree if not folder or path.startswith(f"{folder}/")]
    if not gone:
        raise EntryNotFoundError(f"A folder with this name doesn't exist: {folder!a}")
    for path in gone:
        del tree[path]


def _refuse_clashes(tree: Tree) -> None:
    clashes = folders_of(tree) & set(tree)
    if clashes:
        raise BadRequestError(f"{min(clashes)!a} would be a file and a folder at once.")


def _row(change: Change) -> list[str | bool]:
    if isinstance(change, Entry):
        return ["put", change.path, change.sha256, change.is_lfs]
    return ["delete", change.path, isinstance(change, DeleteFolder)]
