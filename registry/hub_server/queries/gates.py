"""Requests for the content of gated repositories."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ...db.account_tables import Account
from ...db.hub_community_tables import HubAccess
from ...db.session import now_us
from ..records import AccessRequest, Status


def status_of(session: Session, repo_id: int, account_id: int) -> Status | None:
    """Where an account's request stands; None when there is none."""
    found = select(HubAccess.status).where(HubAccess.repo_id == repo_id, HubAccess.account_id == account_id)
    status: Status | None = session.scalar(found)
    return status


def add_request(
    session: Session,
    repo_id: int,
    account_id: int,
    status: Status,
    fields: Mapping[str, Any] | None = None,
    *,
    granted_by: str | None = None,
) -> None:
    """Write a request, or (``granted_by``) access that was given without one; there is none of the account so far."""
    row = HubAccess(
        repo_id=repo_id,
        account_id=account_id,
        status=status,
        asked=granted_by is None,
        fields=dict(fields) if fields else None,
        decided_by=granted_by,
        at_us=now_us(session),
    )
    session.add(row)
    session.flush()


def decide(session: Session, request_id: int, status: Status, actor: str, reason: str | None) -> None:
    """Move a request to another list."""
    decided = update(HubAccess).where(HubAccess.id == request_id)
    session.execute(decided.values(status=status, decided_by=actor, reason=reason))


def forget(session: Session, repo_id: int, account_id: int) -> None:
    """Remove an account's request."""
    session.execute(delete(HubAccess).where(HubAccess.repo_id == repo_id, HubAccess.account_id == account_id))


def requests(session: Session, repo_id: int, status: Status | None = None) -> list[AccessRequest]:
    """The requests of a repository, oldest first."""
    found = select(HubAccess, Account).join(Account, Account.id == HubAccess.account_id)
    found = found.where(HubAccess.repo_id == repo_id).order_by(HubAccess.at_us, HubAccess.id)
    if status is not None:
        found = found.where(HubAccess.status == status)
    return [_request(row, account) for row, account in session.execute(found)]


def _request(row: HubAccess, account: Account) -> AccessRequest:
    status: Any = row.status
    return AccessRequest(
        row.id, account.name, account.full_name, account.email, status, row.asked, row.fields, row.reason, row.at_us
    )
