"""The one place where a branch moves: reading its head and writing the new one is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ..db.session import now_us
from .errors import BadRequestError, ForbiddenError, RepoNotFoundError, RevisionNotFoundError, StaleParentError
from .git import lfs_entry
from .history import Change, apply, changes_hash, make_commit
from .hub import Hub
from .names import is_commit
from .ndjson import DeleteFile, DeleteFolder, Header, Large
from .queries import discussions, history, objects, repos
from .queries.history import CONVERTS, HEADS, PULLS, TAGS
from .records import Caller, Commit, Entry, Repo

# A parsed line whose inline bytes are in the store already.
Pending = Entry | Large | DeleteFile | DeleteFolder


@dataclass(frozen=True)
class Committed:
    """The branch's head after a commit, and the number of the pull request it opened."""

    oid: str
    pull: int | None


def commit(
    hub: Hub, repo: Repo, caller: Caller, revision: str, header: Header, pending: Sequence[Pending], *, as_pull: bool
) -> Committed:
    """Add a commit to a branch, or open a pull request with it.

    A commit that changes nothing, or that is sent again after a lost answer, is answered with the head it would have
    made. Raises :class:`StaleParentError`, :class:`RevisionNotFoundError`, :class:`BadRequestError`,
    :class:`ForbiddenError`.
    """
    with hub.writing() as session:
        if not repos.lock_repo(session, repo.id):
            raise RepoNotFoundError("Repository not found")
        branch = branch_name(session, repo.id, revision)
        _require_right(session, repo, caller, branch, as_pull=as_pull)
        head = _head(session, repo.id, branch)
        changes = _resolved(session, repo, caller, pending)
        operations_hash = changes_hash(caller.name, header, changes)
        sent_before = _sent_before(session, repo.id, head, operations_hash, as_pull=as_pull)
        if sent_before is not None:
            return sent_before
        if header.parent is not None and header.parent != head.oid:
            raise StaleParentError(f"The branch is at {head.oid}, not at {header.parent}.", "Look at it again first.")
        before = {entry.path: entry for entry in history.entries(session, head.id)}
        after = apply(before, changes)
        if after == before and not as_pull:
            return Committed(head.oid, None)
        made = make_commit(
            after, head.oid, caller.name, now_us(session), header.summary, header.description, operations_hash
        )
        stored = history.add_commit(session, repo.id, made, after.values())
        pull = _open_pull(session, repo.id, stored, base=branch) if as_pull else None
        history.set_ref(session, repo.id, branch if pull is None else f"{PULLS}{pull}", stored.oid)
        if pull is None and branch.startswith(HEADS):
            repos.touch_repo(session, repo.id, stored.at_us)
        return Committed(stored.oid, pull)


def branch_name(session: Session, repo_id: int, revision: str) -> str:
    """The full name of a branch or pull request that may be committed to."""
    if revision.startswith((HEADS, PULLS, CONVERTS)):
        name = revision
    elif revision.startswith("refs/") or is_commit(revision):
        raise BadRequestError(f"{revision[:100]!a} is not a branch.")
    else:
        name = HEADS + revision
    if history.get_ref(session, repo_id, name) is not None:
        return name
    if history.get_ref(session, repo_id, TAGS + revision) is not None:
        raise BadRequestError(f"{revision[:100]!a} is a tag; commit to a branch.")
    raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")


def _head(session: Session, repo_id: int, branch: str) -> Commit:
    head = history.resolve(session, repo_id, branch)
    if head is None:
        raise RevisionNotFoundError(f"Invalid rev id: {branch[:100]!a}")
    return head


def _require_right(session: Session, repo: Repo, caller: Caller, branch: str, *, as_pull: bool) -> None:
    """Branches are for those who may write; a pull request for its author too, as long as it is undecided."""
    if branch.startswith(PULLS):
        discussion = discussions.get_discussion(session, repo.id, int(branch.removeprefix(PULLS)))
        if discussion is not None and discussion.status not in ("draft", "open"):
            raise BadRequestError(f"The pull request is {discussion.status}.", "Open another one.")
        if discussion is not None and discussion.author == caller.name:
            return
    if not as_pull and not caller.may_write(repo):
        raise ForbiddenError(
            f"This token may not write to {repo.full_name}.", "Propose the change: create_pr=True opens a pull request."
        )


def _open_pull(session: Session, repo_id: int, first: Commit, *, base: str) -> int:
    """A pull request whose first commit speaks for it; returns its number."""
    opened = discussions.add_discussion(session, repo_id, first.title, first.author, status="open", base=base)
    if first.message:
        discussions.add_event(session, opened, "comment", first.author, comment_data(first.message))
    return opened.number


def comment_data(text: str) -> dict[str, Any]:
    """What the event of a new comment holds."""
    return {"text": text, "edited_us": None, "hidden": False}


def _resolved(session: Session, repo: Repo, caller: Caller, pending: Sequence[Pending]) -> list[Change]:
    """Large files become entries if, and only if, their bytes were uploaded to this very repository."""
    wanted = [line.sha256 for line in pending if isinstance(line, Large)]
    proposer = None if caller.may_write(repo) else caller.account_id
    sizes = objects.object_sizes(session, repo.id, wanted, proposer)
    changes: list[Change] = []
    for line in pending:
        if not isinstance(line, Large):
            changes.append(line)
        elif line.sha256 in sizes:
            changes.append(lfs_entry(line.path, line.sha256, sizes[line.sha256]))
        else:
            raise BadRequestError(f"{line.path!a}: the object {line.sha256} was not uploaded to this repository.")
    return changes


def _sent_before(
    session: Session, repo_id: int, head: Commit, operations_hash: str, *, as_pull: bool
) -> Committed | None:
    """What this very commit was answered with the first time; clients repeat what they got no answer to."""
    if not as_pull:
        return Committed(head.oid, None) if head.operations_hash == operations_hash else None
    for discussion in discussions.list_discussions(session, repo_id):
        known = history.resolve(session, repo_id, f"{PULLS}{discussion.number}") if discussion.base else None
        if known and (known.operations_hash, known.parent_oid) == (operations_hash, head.oid):
            return Committed(known.oid, discussion.number)
    return None
