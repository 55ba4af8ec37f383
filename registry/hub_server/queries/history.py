"""Commits with their trees, and the references that point at them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from ...db.hub_tables import HubCommit, HubEntry, HubRef
from ..names import is_commit
from ..records import Commit, Entry, Ref

HEADS, TAGS, PULLS, CONVERTS = "refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/"


def resolve(session: Session, repo_id: int, revision: str) -> Commit | None:
    """The commit that a branch, a tag, a full reference name or 40 hex digits mean."""
    if is_commit(revision):
        return commit_by_oid(session, repo_id, revision)
    names = [revision] if revision.startswith("refs/") else [HEADS + revision, TAGS + revision]
    for name in names:
        ref = get_ref(session, repo_id, name)
        if ref is not None:
            return commit_by_oid(session, repo_id, ref.commit_oid)
    return None


def commit_by_oid(session: Session, repo_id: int, oid: str) -> Commit | None:
    """The commit of this repository with these 40 hex digits."""
    row = session.scalar(select(HubCommit).where(HubCommit.repo_id == repo_id, HubCommit.oid == oid))
    return None if row is None else _commit(row)


def every_commit(session: Session, repo_id: int) -> list[Commit]:
    """All commits of a repository, oldest row first."""
    rows = session.scalars(select(HubCommit).where(HubCommit.repo_id == repo_id).order_by(HubCommit.id))
    return list(map(_commit, rows))


def add_commit(session: Session, repo_id: int, commit: Commit, entries: Iterable[Entry]) -> Commit:
    """Store a commit with its whole tree (``commit.id`` is ignored); the same commit is stored once."""
    known = commit_by_oid(session, repo_id, commit.oid)
    if known is not None:
        return known
    row = HubCommit(
        repo_id=repo_id,
        oid=commit.oid,
        parent_oid=commit.parent_oid,
        title=commit.title,
        message=commit.message,
        author=commit.author,
        operations_hash=commit.operations_hash,
        at_us=commit.at_us,
    )
    session.add(row)
    session.flush()
    values = [
        {
            "commit_id": row.id,
            "path": entry.path,
            "sha256": entry.sha256,
            "git_oid": entry.git_oid,
            "size_bytes": entry.size,
            "is_lfs": entry.is_lfs,
        }
        for entry in entries
    ]
    if values:
        session.execute(insert(HubEntry), values)
    return _commit(row)


def ancestry(session: Session, repo_id: int, head: Commit) -> list[Commit]:
    """``head`` and its ancestors, newest first."""
    by_oid = {row.oid: row for row in session.scalars(select(HubCommit).where(HubCommit.repo_id == repo_id))}
    line, oid = [], head.oid
    while (row := by_oid.get(oid)) is not None:
        line.append(_commit(row))
        if row.parent_oid is None:
            break
        oid = row.parent_oid
    return line


def entries(session: Session, commit_id: int, folder: str = "") -> list[Entry]:
    """The files below ``folder`` (``""``: all), by path in code-point order."""
    query = select(HubEntry).where(HubEntry.commit_id == commit_id)
    if folder:
        query = query.where(func.substr(HubEntry.path, 1, len(folder) + 1) == folder + "/")
    return sorted(map(_entry, session.scalars(query)), key=lambda entry: entry.path)


def entry(session: Session, commit_id: int, path: str) -> Entry | None:
    """One file of a tree."""
    row = session.scalar(select(HubEntry).where(HubEntry.commit_id == commit_id, HubEntry.path == path))
    return None if row is None else _entry(row)


def file_oids(session: Session, commit_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """For each commit: path -> git id of its files."""
    trees: dict[int, dict[str, str]] = {commit_id: {} for commit_id in commit_ids}
    rows = session.execute(
        select(HubEntry.commit_id, HubEntry.path, HubEntry.git_oid).where(HubEntry.commit_id.in_(commit_ids))
    )
    for commit_id, path, oid in rows:
        trees[commit_id][path] = oid
    return trees


def stored_bytes(session: Session, repo_id: int) -> int:
    """Bytes of all files that any commit of the repository has, each content once."""
    distinct = select(HubEntry.sha256, HubEntry.size_bytes).join(HubCommit, HubCommit.id == HubEntry.commit_id)
    contents = distinct.where(HubCommit.repo_id == repo_id).distinct().subquery()
    return int(session.scalar(select(func.coalesce(func.sum(contents.c.size_bytes), 0))) or 0)


def get_ref(session: Session, repo_id: int, name: str) -> Ref | None:
    """A reference by its full name."""
    row = session.scalar(select(HubRef).where(HubRef.repo_id == repo_id, HubRef.name == name))
    return None if row is None else Ref(row.name, row.commit_oid)


def list_refs(session: Session, repo_id: int) -> list[Ref]:
    """All references, by name."""
    rows = session.scalars(select(HubRef).where(HubRef.repo_id == repo_id))
    return sorted((Ref(row.name, row.commit_oid) for row in rows), key=lambda ref: ref.name)


def set_ref(session: Session, repo_id: int, name: str, commit_oid: str) -> None:
    """Make or move a reference."""
    moved = update(HubRef).where(HubRef.repo_id == repo_id, HubRef.name == name).values(commit_oid=commit_oid)
    if session.execute(moved.returning(HubRef.id)).first() is None:
        session.add(HubRef(repo_id=repo_id, name=name, commit_oid=commit_oid, is_tag=name.startswith(TAGS)))
        session.flush()


def remove_ref(session: Session, repo_id: int, name: str) -> bool:
    """Delete a reference; False when there was none."""
    gone = delete(HubRef).where(HubRef.repo_id == repo_id, HubRef.name == name).returning(HubRef.id)
    return session.execute(gone).first() is not None


def _commit(row: HubCommit) -> Commit:
    return Commit(row.id, row.oid, row.parent_oid, row.title, row.message, row.author, row.operations_hash, row.at_us)


def _entry(row: HubEntry) -> Entry:
    return Entry(row.path, row.sha256, row.git_oid, row.size_bytes, row.is_lfs)
