"""Discussions as the JSON that clients read."""

import html
from collections.abc import Sequence
from typing import Any

from .answers import iso_time
from .pulls import Proposal
from .records import Commit, Discussion, Event, Repo


def listed(repo: Repo, found: Discussion) -> dict[str, Any]:
    """A line of the list."""
    return {
        "num": found.number,
        "title": found.title,
        "author": {"name": found.author},
        "createdAt": iso_time(found.at_us),
        "status": found.status,
        "isPullRequest": found.base is not None,
        "repo": {"name": repo.full_name, "type": repo.kind[:-1]},
    }


def described(
    repo: Repo, found: Discussion, happened: Sequence[Event], sides: Proposal | None, diff: str | None
) -> dict[str, Any]:
    """Everything about one; ``sides`` of a pull request."""
    item = listed(repo, found)
    events = [(event.at_us, event_item(event)) for event in happened]
    if sides is not None:
        conflicts = [] if found.status == "merged" else sides.merged().conflicts
        item |= {"changes": {"base": found.base}, "filesWithConflicts": conflicts}
        if found.merge_oid is not None:
            item["changes"]["mergeCommitId"] = found.merge_oid
        events += [(commit.at_us, _commit_item(commit)) for commit in reversed(sides.own)]
    if diff is not None:
        item["diff"] = diff
    item["events"] = [event for _, event in sorted(events, key=lambda pair: pair[0])]
    return item


def event_item(event: Event) -> dict[str, Any]:
    """Something that happened."""
    data = dict(event.data)
    if event.kind == "comment":
        changed = data["edited_us"] or event.at_us
        # Comments are shown as they were typed: nothing in them is markup.
        latest = {"raw": data["text"], "html": f"<pre>{html.escape(data['text'])}</pre>"}
        latest |= {"updatedAt": iso_time(changed), "author": {"name": event.author}}
        data = {"edited": data["edited_us"] is not None, "hidden": data["hidden"], "latest": latest, "history": []}
    return _event(event.key, event.kind, event.author, event.at_us, data)


def _commit_item(commit: Commit) -> dict[str, Any]:
    return _event(commit.oid[:24], "commit", commit.author, commit.at_us, {"subject": commit.title, "oid": commit.oid})


def _event(key: str, kind: str, author: str, at_us: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": key, "type": kind, "author": {"name": author}, "createdAt": iso_time(at_us), "data": data}
