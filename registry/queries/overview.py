"""Questions about the catalogue as a whole, asked by the site: what it holds, what is published, what is waiting."""

import hashlib

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ..db.base import Base
from ..db.models import (
    Architecture,
    Checkpoint,
    CheckpointRevision,
    Method,
    Metric,
    Model,
    Protocol,
    Result,
    Shift,
    Submission,
    Suite,
    Task,
)
from ..records import SubmissionState

# Small tables whose rows may be improved in place; results are only added and superseded, so counting them is enough.
_READ_WHOLE: tuple[type[Base], ...] = (Architecture, Method, Metric, Model, Protocol, Shift, Suite, Task)


def catalogue_fingerprint(session: Session) -> str:
    """16 hex digits of what the pages show: to cite. (:func:`catalogue_version` is the cheap key of caches.)"""
    digest = hashlib.sha256()
    for table in _READ_WHOLE:
        for row in session.execute(select(*table.__table__.columns).order_by(*table.__table__.primary_key)):
            digest.update(repr(tuple(row)).encode())
    counted = session.execute(
        select(
            func.count(Result.id),
            func.max(Result.id),
            func.count(Result.superseded_by),
            func.count(case((Result.trust == "measured", 1))),
        ).select_from(Result)
    ).one()
    newest = [session.execute(select(func.max(table.id))).scalar() for table in (Checkpoint, CheckpointRevision)]
    digest.update(repr((tuple(counted), newest)).encode())
    return digest.hexdigest()[:16]


def published_models(session: Session) -> frozenset[str]:
    """Names (slug, or else hub id) of the models of which a Hub revision is recorded."""
    statement = (
        select(func.coalesce(Model.slug, Model.hub_id))
        .join(Checkpoint, Checkpoint.model_id == Model.id)
        .join(CheckpointRevision, CheckpointRevision.checkpoint_id == Checkpoint.id)
        .distinct()
    )
    return frozenset(session.execute(statement).scalars())


def count_submissions(session: Session) -> dict[SubmissionState, int]:
    """How many submissions are in each state (states without one are left out)."""
    counted = session.execute(select(Submission.state, func.count()).group_by(Submission.state))
    return {row.state: row[1] for row in counted}
