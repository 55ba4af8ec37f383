"""Object ids as git computes them, so that clients (and a clone of the files) agree on them.

Source: the object formats of git (``git help hash-object``, ``gitformat-tree``) and the pointer file of Git LFS
(git-lfs ``docs/spec.md``).
"""

import hashlib
from collections.abc import Iterable, Mapping

from .records import Entry

_FILE, _FOLDER = b"100644", b"40000"


def object_oid(kind: str, content: bytes) -> str:
    """40 hex digits of one object.

    >>> object_oid("blob", b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    header = f"{kind} {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The small text that stands for a large file in a git tree."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def lfs_entry(path: str, sha256: str, size: int) -> Entry:
    """The tree entry of a large file."""
    return Entry(path, sha256, object_oid("blob", lfs_pointer(sha256, size)), size, is_lfs=True)


def regular_entry(path: str, content: bytes) -> Entry:
    """The tree entry of a file whose bytes are in git itself."""
    sha256 = hashlib.sha256(content).hexdigest()
    return Entry(path, sha256, object_oid("blob", content), len(content), is_lfs=False)


def tree_oids(entries: Iterable[Entry]) -> dict[str, str]:
    """The tree id of every folder by its path; ``""`` is the root."""
    folders: dict[str, dict[str, tuple[bytes, str]]] = {"": {}}
    for entry in entries:
        parent, _, name = entry.path.rpartition("/")
        folders.setdefault(parent, {})[name] = (_FILE, entry.git_oid)
        while parent and parent.rpartition("/")[0] not in folders:
            parent = parent.rpartition("/")[0]
            folders[parent] = {}
    oids: dict[str, str] = {}
    for folder in sorted(folders, key=lambda path: path.count("/") + bool(path), reverse=True):
        oids[folder] = _tree_oid(folders[folder])
        if folder:
            parent, _, name = folder.rpartition("/")
            folders[parent][name] = (_FOLDER, oids[folder])
    return oids


def commit_oid(tree: str, parent: str | None, author: str, at_us: int, title: str, message: str) -> str:
    """The id of a commit object whose author is also its committer."""
    person = f"{author} <{author}@users.noreply.hub> {at_us // 1_000_000} +0000"
    lines = [f"tree {tree}", *([f"parent {parent}"] if parent else []), f"author {person}", f"committer {person}"]
    body = f"{title}\n\n{message}\n" if message else f"{title}\n"
    return object_oid("commit", ("\n".join(lines) + "\n\n" + body).encode())


def _tree_oid(children: Mapping[str, tuple[bytes, str]]) -> str:
    # git sorts a folder as if its name ended in a slash.
    ordered = sorted(children.items(), key=lambda child: child[0].encode() + (b"/" if child[1][0] == _FOLDER else b""))
    rows = (mode + b" " + name.encode() + b"\0" + bytes.fromhex(oid) for name, (mode, oid) in ordered)
    return object_oid("tree", b"".join(rows))
