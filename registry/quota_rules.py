"""What an account may still spend: pure functions from its quota events.

An account has an allowance of device minutes in any period of so many days. What a submission was charged counts from
the moment of its charge until a period later, less what was given back of it; a grant adds minutes for one period.
Times are microseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .job_rules import SECOND_US
from .records import FailureKind

DAY_US = 86_400 * SECOND_US
# The submitter's own fault: nothing is given back for it. Any other failure is the service's.
NOT_REFUNDED: frozenset[FailureKind] = frozenset({"bad_model"})


@dataclass(frozen=True)
class Allowance:
    """Device minutes in any ``days``."""

    minutes: float
    days: float

    @property
    def period_us(self) -> int:
        """The period in microseconds."""
        return int(self.days * DAY_US)


@dataclass(frozen=True)
class Spending:
    """Minutes (negative: given) from ``at_us`` on."""

    minutes: float
    at_us: int


def left(events: Iterable[Spending], allowance: Allowance, now: int) -> float:
    """Device minutes that may be spent now.

    >>> left([Spending(30.0, 0), Spending(-5.0, 0)], Allowance(60.0, 1.0), now=1)
    35.0
    """
    return allowance.minutes - sum(event.minutes for event in events if event.at_us + allowance.period_us > now)


def affordable_at(events: Iterable[Spending], allowance: Allowance, wanted: float, now: int) -> int | None:
    """When ``wanted`` minutes can be spent if nothing else happens: ``now``, a later moment, or None for never.

    >>> affordable_at([Spending(50.0, 5)], Allowance(60.0, 1.0), 20.0, now=5) == 5 + DAY_US
    True
    """
    known = list(events)
    moments = sorted({event.at_us + allowance.period_us for event in known})
    for moment in (now, *(moment for moment in moments if moment > now)):
        if left(known, allowance, moment) >= wanted:
            return moment
    return None
