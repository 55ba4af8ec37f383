"""Which large objects were uploaded to which repository, and the identity of the store."""

import secrets
import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...db.hub_tables import HubCommit, HubEntry, HubObject, HubStore
from ...db.session import now_us

_BATCH = 500  # SQLite binds 999 values in old builds


def add_object(session: Session, repo_id: int, sha256: str, size: int) -> None:
    """Note that the repository holds these bytes; twice is once."""
    if session.get(HubObject, (repo_id, sha256)) is None:
        session.add(HubObject(repo_id=repo_id, sha256=sha256, size_bytes=size, created_us=now_us(session)))
        session.flush()


def object_sizes(session: Session, repo_id: int, hashes: Collection[str]) -> dict[str, int]:
    """Bytes of those objects that were uploaded to this repository: knowing a hash alone gives no right to it."""
    wanted = sorted(set(hashes))
    sizes: dict[str, int] = {}
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        rows = session.execute(
            select(HubObject.sha256, HubObject.size_bytes).where(
                HubObject.repo_id == repo_id, HubObject.sha256.in_(batch)
            )
        )
        sizes.update((row.sha256, row.size_bytes) for row in rows)
    return sizes


def large_files(session: Session, repo_id: int) -> list[tuple[str, int, int, str | None]]:
    """(sha256, bytes, uploaded in microseconds, a path that has or had it) of every object of the repository."""
    named = session.execute(
        select(HubEntry.sha256, HubEntry.path)
        .join(HubCommit, HubCommit.id == HubEntry.commit_id)
        .where(HubCommit.repo_id == repo_id, HubEntry.is_lfs.is_(True))
        .order_by(HubCommit.id)
    )
    paths = {row.sha256: row.path for row in named}
    rows = session.scalars(select(HubObject).where(HubObject.repo_id == repo_id).order_by(HubObject.sha256))
    return [(row.sha256, row.size_bytes, row.created_us, paths.get(row.sha256)) for row in rows]


def open_store(session: Session) -> tuple[str, bytes]:
    """(random id of this store, signing key), made by whichever process comes first."""
    row = session.get(HubStore, 1)
    if row is None:
        row = HubStore(id=1, store_id=uuid.uuid4().hex, signing_key=secrets.token_hex(32), facts={})
        session.add(row)
        session.flush()
    return row.store_id, bytes.fromhex(row.signing_key)
