"""What administrators do to accounts, each act with its line in the audit log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from .db.session import now_us
from .errors import InvalidRecordError
from .permissions import ROLES, Role
from .queries import accounts, moderation, sign_in


def record(
    session: Session, actor: str, action: str, subject: str, reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Add a line to the audit log."""
    moderation.add_audit(session, actor, action, subject, reason, dict(detail) if detail else None, now_us(session))


def administrators(session: Session) -> list[str]:
    """The accounts that may administer: enabled, with the role admin."""
    return [one.name for one in accounts.list_accounts(session) if one.role == "admin" and one.disabled_us is None]


def change_role(session: Session, name: str, role: Role, actor: str) -> None:
    """Give an account another role; its tokens do no more than that from now on.

    Raises :class:`~registry.errors.UnknownRecordError`, and :class:`~registry.errors.InvalidRecordError` for a role
    that is none and where nobody would be left who may administer.
    """
    if role not in ROLES:
        raise InvalidRecordError(f"{role!r} is no role.", f"Choose from: {', '.join(ROLES)}.")
    account = accounts.get_account(session, name)
    if role != "admin":
        _require_another(session, name)
    accounts.change_account(session, account.id, role=role)
    record(session, actor, "change role", name, detail={"from": account.role, "to": role})


def disable(session: Session, name: str, actor: str, reason: str | None = None) -> None:
    """Neither tokens nor sessions of the account work from now on. Raises as :func:`change_role`."""
    account, now = accounts.get_account(session, name), now_us(session)
    _require_another(session, name)
    accounts.change_account(session, account.id, disabled_us=now)
    sign_in.end_sessions(session, account.id, now)
    sign_in.void_links(session, account.id, now)
    record(session, actor, "disable account", name, reason)


def enable(session: Session, name: str, actor: str) -> None:
    """The account works again; its browsers have to sign in again. Raises as :func:`change_role`."""
    accounts.change_account(session, accounts.get_account(session, name).id, disabled_us=None)
    record(session, actor, "enable account", name)


def _require_another(session: Session, name: str) -> None:
    if administrators(session) == [name]:
        raise InvalidRecordError(
            f"{name} is the only administrator.", "Give the role to somebody else first: prunarium admin user role"
        )
