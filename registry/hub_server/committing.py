"""The one place where a branch moves: reading its head and writing the new one is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ..db.session import now_us
from .errors import BadRequestError, RepoNotFoundError, RevisionNotFoundError, StaleParentError
from .git import lfs_entry
from .history import Change, apply, changes_hash, make_commit
from .hub import Hub
from .names import is_commit
from .ndjson import DeleteFile, DeleteFolder, Header, Large
from .queries import history, objects, repos
from .queries.history import HEADS, PULLS, TAGS
from .records import Commit, Entry, Repo

# A parsed line whose inline bytes are in the store already.
Pending = Entry | Large | DeleteFile | DeleteFolder


@dataclass(frozen=True)
class Committed:
    """The branch's head after a commit, and the number of the pull request it opened."""

    oid: str
    pull: int | None


def commit(
    hub: Hub, repo: Repo, author: str, revision: str, header: Header, pending: Sequence[Pending], *, as_pull: bool
) -> Committed:
    """Add a commit to a branch, or open a pull request with it.

    A commit that changes nothing, or that is sent again after a lost answer, is answered with the head it would have
    made. Raises :class:`StaleParentError`, :class:`RevisionNotFoundError`, :class:`BadRequestError`.
    """
    with hub.writing() as session:
        if not repos.lock_repo(session, repo.id):
            raise RepoNotFoundError("Repository not found")
        branch = branch_name(session, repo.id, revision)
        head = _head(session, repo.id, branch)
        changes = _resolved(session, repo.id, pending)
        operations_hash = changes_hash(author, header, changes)
        sent_before = _sent_before(session, repo.id, head, operations_hash, as_pull=as_pull)
        if sent_before is not None:
            return sent_before
        if header.parent is not None and header.parent != head.oid:
            raise StaleParentError(f"The branch is at {head.oid}, not at {header.parent}.", "Look at it again first.")
        before = {entry.path: entry for entry in history.entries(session, head.id)}
        after = apply(before, changes)
        if after == before and not as_pull:
            return Committed(head.oid, None)
        pull = next_pull(session, repo.id) if as_pull else None
        target = branch if pull is None else f"{PULLS}{pull}"
        made = make_commit(
            after, head.oid, author, now_us(session), header.summary, header.description, operations_hash
        )
        stored = history.add_commit(session, repo.id, made, after.values())
        history.set_ref(session, repo.id, target, stored.oid)
        repos.touch_repo(session, repo.id, stored.at_us)
        return Committed(stored.oid, pull)


def branch_name(session: Session, repo_id: int, revision: str) -> str:
    """The full name of a branch or pull request that may be committed to."""
    if revision.startswith((HEADS, PULLS)):
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


def _resolved(session: Session, repo_id: int, pending: Sequence[Pending]) -> list[Change]:
    """Large files become entries if, and only if, their bytes were uploaded to this very repository."""
    wanted = [line.sha256 for line in pending if isinstance(line, Large)]
    sizes = objects.object_sizes(session, repo_id, wanted)
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
    for number, oid in pulls(session, repo_id).items():
        known = history.commit_by_oid(session, repo_id, oid)
        if known and (known.operations_hash, known.parent_oid) == (operations_hash, head.oid):
            return Committed(oid, number)
    return None


def pulls(session: Session, repo_id: int) -> dict[int, str]:
    """The head of every pull request by its number, in rising order."""
    found = [ref for ref in history.list_refs(session, repo_id) if ref.name.startswith(PULLS)]
    return dict(sorted((int(ref.name.removeprefix(PULLS)), ref.commit_oid) for ref in found))


def next_pull(session: Session, repo_id: int) -> int:
    """The number of the next pull request."""
    return max(pulls(session, repo_id), default=0) + 1
