"""Rows of the audit log and of flags, and what is hidden."""

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from ..db.models import Account, AuditEvent, Checkpoint, Flag, Model, Submission
from ..db.session import mark_changed
from ._common import to_record

Kind = Literal["model", "submission"]


@dataclass(frozen=True)
class AuditRecord:
    """Who did what to whom or what, and why."""

    id: int
    actor: str
    action: str
    subject: str
    reason: str | None
    detail: dict[str, Any] | None
    at_us: int


@dataclass(frozen=True)
class FlagRecord:
    """What somebody reported, and who looked at it since."""

    id: int
    kind: Kind
    subject: str
    account: str
    reason: str
    created_us: int
    closed_us: int | None
    closed_by: str | None


def add_audit(
    session: Session, actor: str, action: str, subject: str, reason: str | None, detail: dict[str, Any] | None, now: int
) -> None:
    """Add a line to the log; there is no function that changes one, and the database refuses it."""
    session.add(AuditEvent(actor=actor, action=action, subject=subject, reason=reason, detail=detail, at_us=now))
    session.flush()


def audit_log(session: Session, limit: int = 100, before: int | None = None) -> list[AuditRecord]:
    """The newest lines first; ``before`` is the number of the line to go on from."""
    statement = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    return [to_record(AuditRecord, row) for row in session.execute(statement).scalars()]


def last_act(session: Session, action: str, subject: str) -> AuditRecord | None:
    """The last time that somebody did that to that."""
    statement = select(AuditEvent).where(AuditEvent.action == action, AuditEvent.subject == subject)
    row = session.execute(statement.order_by(AuditEvent.id.desc()).limit(1)).scalar_one_or_none()
    return None if row is None else to_record(AuditRecord, row)


def add_flag(session: Session, kind: Kind, subject: str, account_id: int, reason: str, now: int) -> bool:
    """Report something; False where this account's report of it is still open."""
    mine = select(Flag.id).where(Flag.account_id == account_id, Flag.closed_us.is_(None))
    if session.execute(mine.where(Flag.kind == kind, Flag.subject == subject)).first() is not None:
        return False
    session.add(Flag(kind=kind, subject=subject, account_id=account_id, reason=reason, created_us=now))
    session.flush()
    return True


def list_flags(session: Session, *, closed: bool = False) -> list[FlagRecord]:
    """The open reports, oldest first, or the closed ones."""
    statement = select(Flag, Account.name).join(Account, Flag.account_id == Account.id).order_by(Flag.id)
    statement = statement.where(Flag.closed_us.is_not(None) if closed else Flag.closed_us.is_(None))
    return [to_record(FlagRecord, row, account=name) for row, name in session.execute(statement)]


def close_flags(session: Session, kind: Kind, subject: str, actor: str, now: int) -> int:
    """Close the open reports of something; returns how many there were."""
    closed = update(Flag).where(Flag.kind == kind, Flag.subject == subject, Flag.closed_us.is_(None))
    return len(session.execute(closed.values(closed_us=now, closed_by=actor).returning(Flag.id)).all())


def set_hidden_reason(session: Session, model_id: int, reason: str | None) -> None:
    """Hide a model, or show it again."""
    mark_changed(session)
    session.execute(update(Model).where(Model.id == model_id).values(hidden_reason=reason))


def hidden_reason_of(session: Session, model_id: int) -> str | None:
    """Why a model is hidden; None where it is not."""
    return session.execute(select(Model.hidden_reason).where(Model.id == model_id)).scalar_one_or_none()


def hidden_models(session: Session) -> dict[str, str]:
    """The reasons of the hidden models, by name."""
    name = func.coalesce(Model.slug, Model.hub_id)
    statement = select(name, Model.hidden_reason).where(Model.hidden_reason.is_not(None)).order_by(name)
    return {model: reason or "" for model, reason in session.execute(statement)}


def hidden_submissions(session: Session) -> list[str]:
    """The public ids of the hidden submissions, newest first."""
    statement = select(Submission.public_id).where(Submission.visibility == "hidden").order_by(Submission.id.desc())
    return list(session.execute(statement).scalars())


def submitters_of(session: Session, model: str) -> set[str]:
    """The accounts that submitted the checkpoint of a model, or its repository."""
    of_model = or_(Model.slug == model, Model.hub_id == model)
    statement = (
        select(Account.name)
        .join(Submission, Submission.account_id == Account.id)
        .join(Checkpoint, Checkpoint.id == Submission.checkpoint_id)
        .join(Model, Model.id == Checkpoint.model_id)
        .where(of_model)
    )
    return set(session.execute(statement).scalars())
