"""Records as the JSON that clients read."""

from collections.abc import Mapping, Sequence
from typing import Any

from .answers import iso_time
from .cards import Card
from .git import lfs_pointer
from .records import Commit, Entry, Repo


def entry_item(entry: Entry, last: Commit | None = None) -> dict[str, Any]:
    """A file of a tree listing."""
    item: dict[str, Any] = {"type": "file", "oid": entry.git_oid, "size": entry.size, "path": entry.path}
    if entry.is_lfs:
        item["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": _pointer_size(entry)}
    return item | _last(last)


def folder_item(path: str, oid: str, last: Commit | None = None) -> dict[str, Any]:
    """A folder of a tree listing."""
    return {"type": "directory", "oid": oid, "size": 0, "path": path} | _last(last)


def sibling(entry: Entry, *, blobs: bool) -> dict[str, Any]:
    """A file in the repository's own description."""
    item: dict[str, Any] = {"rfilename": entry.path}
    if blobs:
        item |= {"size": entry.size, "blobId": entry.git_oid}
        if entry.is_lfs:
            item["lfs"] = {"sha256": entry.sha256, "size": entry.size, "pointerSize": _pointer_size(entry)}
    return item


def repo_summary(repo: Repo, head: Commit | None, card: Card) -> dict[str, Any]:
    """What a listing and a description have in common."""
    summary: dict[str, Any] = {
        "_id": f"{repo.id:024x}",
        "id": repo.full_name,
        "author": repo.namespace,
        "sha": head.oid if head else None,
        "lastModified": iso_time(head.at_us if head else repo.updated_us),
        "createdAt": iso_time(repo.created_us),
        "private": repo.private,
        "gated": repo.gate or False,
        "disabled": False,
        "tags": card.tags(),
    }
    if repo.kind == "models":
        summary["modelId"] = repo.full_name
        summary |= {key: text for key in ("library_name", "pipeline_tag") if (text := card.text(key))}
    return summary


def commit_item(commit: Commit) -> dict[str, Any]:
    """A line of the history."""
    return {
        "id": commit.oid,
        "title": commit.title,
        "message": commit.message,
        "date": iso_time(commit.at_us),
        "authors": [{"user": commit.author}],
    }


def last_changes(trees: Mapping[int, Mapping[str, str]], line: Sequence[Commit]) -> dict[str, Commit]:
    """For each path of the newest commit of ``line`` (newest first): the commit that gave it its content."""
    changes: dict[str, Commit] = {}
    for index, commit in enumerate(line):
        older = trees[line[index + 1].id] if index + 1 < len(line) else {}
        for path, oid in trees[commit.id].items():
            if path not in changes and older.get(path) != oid and path in trees[line[0].id]:
                changes[path] = commit
    return changes


def newest_below(changes: Mapping[str, Commit], folder: str) -> Commit | None:
    """The last commit that changed anything below ``folder``."""
    below = [commit for path, commit in changes.items() if path.startswith(f"{folder}/")]
    return max(below, key=lambda commit: (commit.at_us, commit.id), default=None)


def _pointer_size(entry: Entry) -> int:
    return len(lfs_pointer(entry.sha256, entry.size))


def _last(commit: Commit | None) -> dict[str, Any]:
    if commit is None:
        return {}
    return {"lastCommit": {"id": commit.oid, "title": commit.title, "date": iso_time(commit.at_us)}}
