"""Checkpoints by identity, and the Hub commits that hold them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from zoo.checkpoint.folder import SPARSE_WEIGHTS

from ..db.models import Checkpoint, CheckpointRevision, Model
from ..db.session import mark_changed, now_us
from ..errors import DuplicateCheckpointError, ImmutableRowError
from ..records import CheckpointRecord, RevisionRecord
from ._common import columns_of, insert_or_ignore, rows, to_record
from .models import get_model_by_id

# What versions before schema 0002 did not count; a later registration of the same bytes adds it.
_MEASURED_LATER = ("stored_elements", "stored_nonzeros", "dead_channels", "encodings", "dtypes")


def register_checkpoint(session: Session, model_id: int, record: CheckpointRecord) -> int:
    """Write the checkpoint of a model; returns its id, the old one when the identity is known.

    Raises :class:`~registry.errors.DuplicateCheckpointError` when the identity belongs to another model.
    """
    mark_changed(session)
    values = columns_of(record, ("preprocessing", "layers", "encodings", "dtypes"), skip=("id",))
    insert_or_ignore(session, Checkpoint, values | {"model_id": model_id, "created_us": now_us(session)})
    identity = {name: values[name] for name in ("densified_hash", "architecture", "preprocessing_hash")}
    row = session.execute(select(Checkpoint).filter_by(**identity)).scalar_one()
    if row.model_id != model_id:
        other = get_model_by_id(session, row.model_id)
        if other is None or not other.listed:
            raise DuplicateCheckpointError("These weights are in the catalogue already, as a private submission.")
        raise DuplicateCheckpointError(
            f"These weights are in the catalogue already, as {other.name}.",
            f"Look at them: prunarium inspect {other.name}",
        )
    for column in _MEASURED_LATER:
        if getattr(row, column) is None:
            setattr(row, column, values[column])
    session.flush()
    return row.id


def register_revision(session: Session, checkpoint_id: int, record: RevisionRecord) -> int:
    """Write which commit holds a checkpoint; returns its id, the old one when it is known.

    Raises :class:`~registry.errors.ImmutableRowError` when that commit is recorded with other bytes.
    """
    mark_changed(session)
    values = columns_of(record, skip=("id",)) | {"checkpoint_id": checkpoint_id, "created_us": now_us(session)}
    insert_or_ignore(session, CheckpointRevision, values)
    key = {name: values[name] for name in ("hub_endpoint", "hub_repo", "commit_oid", "file_name")}
    row = session.execute(select(CheckpointRevision).filter_by(**key)).scalar_one()
    if row.file_sha256 != record.file_sha256 or row.checkpoint_id != checkpoint_id:
        raise ImmutableRowError(
            f"Commit {record.commit_oid} of {record.hub_repo} is recorded with other bytes of {record.file_name}.",
            "A commit never changes: the hub served something else, or the wrong endpoint is set.",
        )
    return row.id


def checkpoint_of(session: Session, model_id: int) -> CheckpointRecord | None:
    """The current checkpoint of a model: the one published last, or else registered last."""
    statement = (
        select(Checkpoint)
        .outerjoin(CheckpointRevision, CheckpointRevision.checkpoint_id == Checkpoint.id)
        .where(Checkpoint.model_id == model_id)
        .order_by(Checkpoint.listed.desc(), CheckpointRevision.id.desc().nulls_last(), Checkpoint.id.desc())
        .limit(1)
    )
    row = session.execute(statement).scalar_one_or_none()
    return None if row is None else to_record(CheckpointRecord, row)


def set_listed(session: Session, checkpoint_id: int, listed: bool) -> None:
    """Show a checkpoint to everybody from now on, or to nobody; its model is shown with the first one that is.

    A model that goes by a slug is the curators', and stays.
    """
    mark_changed(session)
    checkpoint = session.get_one(Checkpoint, checkpoint_id)
    model = session.get_one(Model, checkpoint.model_id)
    if model.slug is not None and checkpoint.listed:
        return
    checkpoint.listed = listed
    session.flush()
    of_model = select(Checkpoint.id).where(Checkpoint.model_id == checkpoint.model_id, Checkpoint.listed.is_(True))
    model.listed = model.slug is not None or session.execute(of_model.limit(1)).first() is not None
    session.flush()


def get_checkpoint(session: Session, checkpoint_id: int) -> CheckpointRecord | None:
    """The checkpoint of a number."""
    row = session.get(Checkpoint, checkpoint_id)
    return None if row is None else to_record(CheckpointRecord, row)


def find_checkpoint(session: Session, densified_hash: str) -> list[CheckpointRecord]:
    """Every checkpoint with these tensors (one per architecture and preprocessing)."""
    found = rows(session, select(Checkpoint).filter_by(densified_hash=densified_hash).order_by(Checkpoint.id))
    return [to_record(CheckpointRecord, row) for row in found]


def revisions_of(session: Session, checkpoint_id: int) -> list[RevisionRecord]:
    """The commits that hold a checkpoint, newest first."""
    statement = select(CheckpointRevision).filter_by(checkpoint_id=checkpoint_id).order_by(CheckpointRevision.id.desc())
    return [to_record(RevisionRecord, row) for row in rows(session, statement)]


def files_of(
    session: Session, hub_repo: str, commit_oid: str, *, hub_endpoint: str | None = None
) -> list[RevisionRecord]:
    """Every recorded file of one commit (40 hex digits), by name; of one hub, where the endpoint is given."""
    statement = (
        select(CheckpointRevision)
        .filter_by(hub_repo=hub_repo, commit_oid=commit_oid)
        .order_by(CheckpointRevision.file_name, CheckpointRevision.id)
    )
    if hub_endpoint is not None:
        statement = statement.where(CheckpointRevision.hub_endpoint == hub_endpoint)
    return [to_record(RevisionRecord, row) for row in rows(session, statement)]


def find_revision(session: Session, hub_repo: str, commit_oid: str) -> RevisionRecord | None:
    """The recorded file of one commit, the sparse one where there are two.

    A prefix of the commit of at least seven digits is enough; of several commits that it fits, the newest is meant.
    """
    statement = (
        select(CheckpointRevision)
        .where(CheckpointRevision.hub_repo == hub_repo)
        .where(
            CheckpointRevision.commit_oid == commit_oid
            if len(commit_oid) < 7
            else CheckpointRevision.commit_oid.startswith(commit_oid, autoescape=True)
        )
        .order_by(CheckpointRevision.id.desc())
        .limit(1)
    )
    newest = session.execute(statement).scalar_one_or_none()
    if newest is None:
        return None
    files = files_of(session, hub_repo, newest.commit_oid, hub_endpoint=newest.hub_endpoint)
    return next((file for file in files if file.file_name == SPARSE_WEIGHTS), files[-1])
