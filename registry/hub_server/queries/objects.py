"""Which large objects were uploaded to which repository, and the identity of the store."""

import secrets
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, delete, not_, or_, select, update
from sqlalchemy.orm import Session

from ...db.hub_tables import HubCommit, HubEntry, HubObject, HubStore, HubUpload
from ...db.session import now_us
from ...queries._common import insert_or_ignore

_BATCH = 500  # SQLite binds 999 values in old builds
_FORMER = "former"  # in the facts of the store


def add_object(session: Session, repo_id: int, sha256: str, size: int, account_id: int) -> None:
    """Note that the repository holds these bytes and that the account had them; twice is once, but fresh again."""
    named = {"repo_id": repo_id, "sha256": sha256, "created_us": now_us(session)}
    if not insert_or_ignore(session, HubObject, {**named, "size_bytes": size}):
        renew(session, repo_id, [sha256])
    insert_or_ignore(session, HubUpload, {**named, "account_id": account_id})


def object_sizes(
    session: Session, repo_id: int, hashes: Collection[str], proposer: int | None = None
) -> dict[str, int]:
    """Bytes of those objects that were uploaded to this repository: knowing a hash alone gives no right to it.

    A ``proposer``, an account without the right to write, may use what is committed and what it uploaded itself.
    """
    wanted = sorted(set(hashes))
    sizes: dict[str, int] = {}
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        query = select(HubObject.sha256, HubObject.size_bytes).where(
            HubObject.repo_id == repo_id, HubObject.sha256.in_(batch)
        )
        if proposer is not None:
            query = query.where(or_(_committed(), _uploaded_by(proposer)))
        sizes.update((row.sha256, row.size_bytes) for row in session.execute(query))
    return sizes


def renew(session: Session, repo_id: int, hashes: Collection[str]) -> None:
    """Make objects young again: somebody was told that they are there and is about to commit them."""
    now, wanted = now_us(session), sorted(set(hashes))
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        young = update(HubObject).where(HubObject.repo_id == repo_id, HubObject.sha256.in_(batch))
        session.execute(young.values(created_us=now))


def repos_with_abandoned(session: Session, before_us: int) -> list[int]:
    """The repositories for which :func:`drop_abandoned` has something to do."""
    objects = select(HubObject.repo_id).where(HubObject.created_us < before_us, not_(_committed()))
    uploads = select(HubUpload.repo_id).where(HubUpload.created_us < before_us)
    return sorted({*session.scalars(objects), *session.scalars(uploads)})


def drop_abandoned(session: Session, repo_id: int, before_us: int) -> int:
    """Forget the objects of a repository that no commit has and that were last asked for before then; how many."""
    gone = delete(HubObject).where(HubObject.repo_id == repo_id, HubObject.created_us < before_us, not_(_committed()))
    dropped = len(session.execute(gone.returning(HubObject.sha256)).all())
    young = select(HubObject.sha256).where(
        HubObject.repo_id == HubUpload.repo_id, HubObject.sha256 == HubUpload.sha256, HubObject.created_us >= before_us
    )
    old = delete(HubUpload).where(HubUpload.repo_id == repo_id, HubUpload.created_us < before_us)
    session.execute(old.where(not_(young.exists())))
    return dropped


def referenced(session: Session, hashes: Sequence[str]) -> set[str]:
    """Those of at most 500 blobs that some commit or some upload needs."""
    found = set(session.scalars(select(HubObject.sha256).where(HubObject.sha256.in_(hashes))))
    return found | set(session.scalars(select(HubEntry.sha256).where(HubEntry.sha256.in_(hashes))))


def every_blob(session: Session) -> dict[str, int]:
    """Bytes of every blob that some commit or some upload needs."""
    rows = session.execute(select(HubObject.sha256, HubObject.size_bytes).distinct())
    sizes = {row.sha256: row.size_bytes for row in rows}
    entries = session.execute(select(HubEntry.sha256, HubEntry.size_bytes).distinct())
    return sizes | {row.sha256: row.size_bytes for row in entries}


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


def store_identity(session: Session) -> str:
    """The random id of this store, as it is now."""
    return session.scalars(select(HubStore.store_id)).one()


def former_stores(session: Session) -> dict[str, int]:
    """Ids that this store had before -> when it got another one, in microseconds."""
    facts: dict[str, int] = session.scalars(select(HubStore.facts)).one().get(_FORMER, {})
    return facts


def rename_store(session: Session) -> str:
    """Give the store another id, so that clients forget what they believe it holds; returns the old one."""
    row = session.get_one(HubStore, 1)
    old, row.store_id = row.store_id, uuid.uuid4().hex
    row.facts = {**row.facts, _FORMER: {**row.facts.get(_FORMER, {}), old: now_us(session)}}
    session.flush()
    return old


def forget_store(session: Session, store_id: str) -> None:
    """A former id has nothing left."""
    row = session.get_one(HubStore, 1)
    row.facts = {**row.facts, _FORMER: {k: v for k, v in row.facts.get(_FORMER, {}).items() if k != store_id}}
    session.flush()


def open_store(session: Session) -> bytes:
    """The signing key of this store, made (with its id) by whichever process comes first."""
    row = session.get(HubStore, 1)
    if row is None:
        row = HubStore(id=1, store_id=uuid.uuid4().hex, signing_key=secrets.token_hex(32), facts={})
        session.add(row)
        session.flush()
    return bytes.fromhex(row.signing_key)


def _committed() -> ColumnElement[bool]:
    """The object is in some commit of its repository."""
    named = select(HubEntry.id).join(HubCommit, HubCommit.id == HubEntry.commit_id)
    return named.where(HubCommit.repo_id == HubObject.repo_id, HubEntry.sha256 == HubObject.sha256).exists()


def _uploaded_by(account_id: int) -> ColumnElement[bool]:
    uploads = select(HubUpload.sha256).where(
        HubUpload.repo_id == HubObject.repo_id, HubUpload.sha256 == HubObject.sha256
    )
    return uploads.where(HubUpload.account_id == account_id).exists()
