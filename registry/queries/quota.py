"""Rows of quota events: what was charged, given back and granted."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..db.models import Account, Job, QuotaEvent, SubmissionJob
from ..db.session import now_us
from ..quota_rules import NOT_REFUNDED, Spending


def lock_account(session: Session, account_id: int) -> None:
    """Two submissions of one account are charged one after the other (SQLite's writers are so anyway)."""
    # Not the key: who writes an event of the account meanwhile may hold a submission that this one will wait for.
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))


def add_quota_event(
    session: Session, account_id: int, device_minutes: float, reason: str, submission_id: int | None = None
) -> None:
    """Append an event; minutes given are negative."""
    row = QuotaEvent(
        account_id=account_id, submission_id=submission_id, device_minutes=device_minutes, reason=reason,
        at_us=now_us(session),
    )  # fmt: skip
    session.add(row)
    session.flush()


def spendings(session: Session, account_id: int) -> list[Spending]:
    """One for each submission, its refunds taken off, at the time of its charge; and each grant."""
    net, first = func.sum(QuotaEvent.device_minutes), func.min(QuotaEvent.at_us)
    mine = select(net, first).where(QuotaEvent.account_id == account_id)
    charged = mine.where(QuotaEvent.submission_id.is_not(None)).group_by(QuotaEvent.submission_id)
    granted = mine.where(QuotaEvent.submission_id.is_(None)).group_by(QuotaEvent.id)
    return [Spending(minutes, at) for statement in (charged, granted) for minutes, at in session.execute(statement)]


def refundable(session: Session, submission_id: int) -> float:
    """Minutes that a submission was charged for jobs that failed by a fault that is not its submitter's."""
    statement = (
        select(func.sum(SubmissionJob.device_minutes))
        .join(Job, SubmissionJob.job_id == Job.id)
        .where(SubmissionJob.submission_id == submission_id, Job.state == "failed")
        .where(Job.failure_kind.not_in(NOT_REFUNDED))
    )
    return float(session.execute(statement).scalar() or 0.0)
