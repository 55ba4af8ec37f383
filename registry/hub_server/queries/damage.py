"""What verification asks: rows that should have a partner, and who needs a blob."""

from sqlalchemy import ColumnElement, not_, select
from sqlalchemy.orm import Session

from ...db.hub_community_tables import HubDiscussion
from ...db.hub_tables import HubCommit, HubEntry, HubObject, HubRepo


def pull_numbers(session: Session, repo_id: int) -> list[int]:
    """The numbers of all pull requests."""
    found = select(HubDiscussion.number).where(HubDiscussion.repo_id == repo_id, HubDiscussion.is_pull.is_(True))
    return list(session.scalars(found.order_by(HubDiscussion.number)))


def entries_without_object(session: Session, repo_id: int) -> list[tuple[str, str]]:
    """(SHA-256, path) of large files that no upload to their repository accounts for."""
    uploaded = select(HubObject.sha256).where(HubObject.repo_id == repo_id, HubObject.sha256 == HubEntry.sha256)
    found = (
        select(HubEntry.sha256, HubEntry.path)
        .join(HubCommit, HubCommit.id == HubEntry.commit_id)
        .where(HubCommit.repo_id == repo_id, HubEntry.is_lfs.is_(True), not_(uploaded.exists()))
        .distinct()
    )
    return sorted((row.sha256, row.path) for row in session.execute(found))


def regular_entries_with_other_oid(session: Session, sha256: str, git_oid: str) -> list[str]:
    """Where the bytes are said to have another git id."""
    return _places(session, HubEntry.sha256 == sha256, HubEntry.is_lfs.is_(False), HubEntry.git_oid != git_oid)


def places_of(session: Session, sha256: str) -> list[str]:
    """``namespace/name path`` of everything that needs a blob."""
    return _places(session, HubEntry.sha256 == sha256)


def _places(session: Session, *conditions: ColumnElement[bool]) -> list[str]:
    found = (
        select(HubRepo.namespace, HubRepo.name, HubEntry.path)
        .join(HubCommit, HubCommit.id == HubEntry.commit_id)
        .join(HubRepo, HubRepo.id == HubCommit.repo_id)
        .where(*conditions)
        .distinct()
    )
    return sorted(f"{row.namespace}/{row.name} {row.path}" for row in session.execute(found))
