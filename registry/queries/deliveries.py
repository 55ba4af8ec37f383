"""Rows of what workers without the database delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..db.models import Account, Delivery, Operator
from ..db.session import now_us
from ._common import plain


@dataclass(frozen=True)
class DeliveryRecord:
    """What a worker of ``account`` sent for an attempt of a job; ``document`` is as :mod:`registry.work` says."""

    job_id: int
    attempt: int
    account: str
    document: Mapping[str, Any]


def add_delivery(session: Session, job_id: int, attempt: int, account_id: int, document: Mapping[str, Any]) -> None:
    """Keep what was sent."""
    row = Delivery(
        job_id=job_id, attempt=attempt, account_id=account_id, document=plain(document), at_us=now_us(session)
    )
    session.add(row)
    session.flush()


def newest_delivery(session: Session, job_id: int) -> DeliveryRecord | None:
    """The last one of a job."""
    statement = select(Delivery, Account.name).join(Account, Delivery.account_id == Account.id)
    found = session.execute(
        statement.where(Delivery.job_id == job_id).order_by(Delivery.attempt.desc()).limit(1)
    ).first()
    return None if found is None else DeliveryRecord(job_id, found[0].attempt, found[1], found[0].document)


def set_operator(session: Session, worker_id: int, operator_id: int) -> None:
    """Write whose machine a worker's account is."""
    session.merge(Operator(worker_id=worker_id, operator_id=operator_id))
    session.flush()


def people_behind(session: Session, account_id: int) -> list[tuple[int, str]]:
    """(id, name) of an account and of its operator, where it has one."""
    operator = select(Operator.operator_id).where(Operator.worker_id == account_id)
    statement = select(Account.id, Account.name).where((Account.id == account_id) | Account.id.in_(operator))
    return [(row.id, row.name) for row in session.execute(statement.order_by(Account.id))]
