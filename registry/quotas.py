"""Quotas by cost: device minutes charged when a submission is accepted, given back where the fault is ours, or where
it was withdrawn before anybody began."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from .administration import record
from .db.session import now_us
from .errors import InvalidRecordError, QuotaExceededError
from .job_rules import SECOND_US
from .queries import accounts
from .queries import quota as rows
from .queries.withdrawals import Paid
from .quota_rules import Allowance, affordable_at, left

_CHARGE, _REFUND, _GRANT = "charge", "refund", "grant"
_MOST_MINUTES = 1_000_000


def minutes_left(session: Session, account: str, allowance: Allowance) -> float:
    """What an account may spend now. Raises :class:`~registry.errors.UnknownRecordError`."""
    return left(rows.spendings(session, accounts.get_account(session, account).id), allowance, now_us(session))


def grant(session: Session, account: str, minutes: float, actor: str) -> None:
    """Add minutes (or take some, below 0) for one period from now on; the audit log says who did.

    Raises :class:`~registry.errors.InvalidRecordError` for none and for too many.
    """
    if not 0 < abs(minutes) <= _MOST_MINUTES:
        raise InvalidRecordError(
            f"A grant is of up to {_MOST_MINUTES:,} minutes, not {minutes:g}.", "For example 60, or -30 to take some."
        )
    rows.add_quota_event(session, accounts.get_account(session, account).id, -minutes, _GRANT)
    record(session, actor, "grant device minutes", account, detail={"minutes": minutes})


def charge(
    session: Session, account_id: int, submission_id: int, minutes: float, allowance: Allowance | None = None
) -> None:
    """Charge a submission that is being accepted; without an allowance it is only counted.

    Raises :class:`~registry.errors.QuotaExceededError` with what is left, and when it will be enough.
    """
    if allowance is not None:
        rows.lock_account(session, account_id)
        spent, now = rows.spendings(session, account_id), now_us(session)
        remaining = left(spent, allowance, now)
        if minutes > remaining:
            moment = affordable_at(spent, allowance, minutes, now)
            raise QuotaExceededError(
                f"This takes about {minutes:.1f} device minutes; {max(remaining, 0.0):.1f} of {allowance.minutes:g} in "
                f"{allowance.days:g} days are left. {_when(moment)}"
            )
    if minutes > 0:
        rows.add_quota_event(session, account_id, minutes, _CHARGE, submission_id)


def refund(session: Session, account_id: int, submission_id: int) -> float:
    """Give back what a submission was charged for jobs that failed by our fault; call it once, at its end."""
    minutes = rows.refundable(session, submission_id)
    if minutes > 0:
        rows.add_quota_event(session, account_id, -minutes, _REFUND, submission_id)
    return minutes


def give_back(session: Session, paid: Iterable[Paid]) -> None:
    """Return what was charged for jobs that were taken out of the queue before anybody began them."""
    by_submission: dict[tuple[int, int], float] = defaultdict(float)
    for one in paid:
        if one.account_id is not None:
            by_submission[one.account_id, one.submission_id] += one.minutes
    for (account_id, submission_id), minutes in by_submission.items():
        rows.add_quota_event(session, account_id, -minutes, _REFUND, submission_id)


def _when(moment: int | None) -> str:
    if moment is None:
        return "That is more than the whole allowance: ask an administrator for a grant."
    return f"Enough is left from {datetime.fromtimestamp(moment / SECOND_US, UTC):%Y-%m-%d %H:%M} UTC on."
