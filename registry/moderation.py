"""Reports, and what moderators make of them: hide something with a reason, or show it again. Nothing is deleted."""

from sqlalchemy.orm import Session

from . import administration, submissions
from .db.session import now_us
from .errors import InvalidRecordError
from .queries import model_id
from .queries import moderation as rows
from .queries.moderation import Kind
from .queries.submissions import get_submission

__all__ = ["Kind", "close_flags", "flag", "hidden_reason", "hide", "show"]

_HIDE, _SHOW = "hide", "show"
_MOST_CHARACTERS = 1000


def flag(session: Session, kind: Kind, subject: str, account_id: int, reason: str) -> bool:
    """Report a model or a submission to the moderators; False where this account did so before.

    Raises :class:`~registry.errors.UnknownRecordError` for the subject, :class:`~registry.errors.InvalidRecordError`
    without a reason.
    """
    _require_known(session, kind, subject)
    return rows.add_flag(session, kind, subject, account_id, _said(reason), now_us(session))


def hide(session: Session, kind: Kind, subject: str, actor: str, reason: str) -> None:
    """Take a model or a submission out of sight, and close its reports; moderators and its owner see the reason.

    Raises as :func:`flag`, and :class:`~registry.errors.InvalidRecordError` for what is hidden already.
    """
    _require_known(session, kind, subject)
    said = _said(reason)
    if hidden_reason(session, kind, subject) is not None:
        raise InvalidRecordError(f"The {kind} {subject} is hidden already.")
    detail = {}
    if kind == "model":
        rows.set_hidden_reason(session, model_id(session, subject), said)
    else:
        detail = {"visibility": get_submission(session, subject).visibility}
        submissions.show(session, subject, "hidden", actor)
    rows.close_flags(session, kind, subject, actor, now_us(session))
    administration.record(session, actor, _HIDE, _name(kind, subject), said, detail)


def show(session: Session, kind: Kind, subject: str, actor: str, reason: str) -> None:
    """Show again what was hidden, as it was before. Raises as :func:`flag`, and for what is not hidden."""
    said = _said(reason)
    _require_known(session, kind, subject)
    if hidden_reason(session, kind, subject) is None:
        raise InvalidRecordError(f"The {kind} {subject} is not hidden.")
    if kind == "model":
        rows.set_hidden_reason(session, model_id(session, subject), None)
    else:
        hidden = rows.last_act(session, _HIDE, _name(kind, subject))
        was = (hidden.detail or {}).get("visibility", "private") if hidden else "private"
        submissions.show(session, subject, "public" if was == "public" else "private", actor)
    administration.record(session, actor, _SHOW, _name(kind, subject), said)


def close_flags(session: Session, kind: Kind, subject: str, actor: str, reason: str) -> int:
    """Close the reports of something that stays as it is; returns how many there were."""
    said, closed = _said(reason), rows.close_flags(session, kind, subject, actor, now_us(session))
    if closed:
        administration.record(session, actor, "close flags", _name(kind, subject), said)
    return closed


def hidden_reason(session: Session, kind: Kind, subject: str) -> str | None:
    """Why something is hidden; None where it is not."""
    if kind == "model":
        return rows.hidden_reason_of(session, model_id(session, subject))
    if get_submission(session, subject).visibility != "hidden":
        return None
    act = rows.last_act(session, _HIDE, _name(kind, subject))
    return (act.reason if act else None) or "hidden by a moderator"


def _require_known(session: Session, kind: Kind, subject: str) -> None:
    if kind == "model":
        model_id(session, subject)
    else:
        get_submission(session, subject)


def _said(reason: str) -> str:
    said = reason.strip()[:_MOST_CHARACTERS]
    if not said:
        raise InvalidRecordError("A reason is needed.", "Say in a sentence why.")
    return said


def _name(kind: Kind, subject: str) -> str:
    return f"{kind} {subject}"
