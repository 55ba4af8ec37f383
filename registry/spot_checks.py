"""Which submissions of predictions are to be looked at: one evaluation of each is done again on this side.

The history of a submission tells: a step with the reason :data:`BEGUN` for each attempt, one with :data:`ENDED` when it
gave something. A worker that died is forgotten after an hour, and there are three attempts.
"""

from typing import Final

from sqlalchemy.orm import Session

from .db.session import now_us
from .job_rules import SECOND_US
from .queries import submissions as rows
from .queries.spot_checks import next_unchecked
from .records import SubmissionRecord

BEGUN: Final = "spot_check"
ENDED: Final = "spot_checked"
ATTEMPTS: Final = 3
PATIENCE_US: Final = 3600 * SECOND_US


def begin(session: Session, actor: str) -> SubmissionRecord | None:
    """Take the oldest submission whose spot check is due, so that nobody else does; None where there is none."""
    now = now_us(session)
    found = next_unchecked(session, BEGUN, ENDED, ATTEMPTS, now - PATIENCE_US)
    if found is not None:
        told = "a spot check begins"
        rows.add_transition(session, found.id, found.state, found.state, actor, now, BEGUN, told)
    return found


def end(session: Session, public_id: str, told: str, actor: str) -> None:
    """Add to the history what a spot check found."""
    found = rows.get_submission(session, public_id, lock=True)
    rows.add_transition(session, found.id, found.state, found.state, actor, now_us(session), ENDED, told)
