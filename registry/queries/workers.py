"""Rows of worker processes: when each was heard of last."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ..db.models import Account, Worker
from ..db.session import now_us
from ._common import insert_or_ignore, to_record

_SECOND_US = 1_000_000
# Claims come every second: a row that is this fresh is left as it is.
_FRESH_US = 10 * _SECOND_US
ALIVE_SECONDS = 120.0


@dataclass(frozen=True)
class WorkerRecord:
    """A worker process; ``account`` is that of its token, if it came by one."""

    owner: str
    account: str | None
    device: str | None
    started_us: int
    seen_us: int


def worker_heard(session: Session, owner: str, device: str | None = None, account_id: int | None = None) -> None:
    """Write that a worker is there."""
    now = now_us(session)
    known = session.execute(select(Worker.seen_us).where(Worker.owner == owner)).scalar()
    if known is None:
        row = {"owner": owner, "account_id": account_id, "device": device, "started_us": now, "seen_us": now}
        insert_or_ignore(session, Worker, row)
    elif not 0 <= now - known < _FRESH_US:
        session.execute(update(Worker).where(Worker.owner == owner).values(seen_us=now))


def forget_worker(session: Session, owner: str) -> None:
    """It ended and said so: it is no longer counted as alive."""
    session.execute(update(Worker).where(Worker.owner == owner).values(seen_us=0))


def workers_alive(session: Session, within_seconds: float = ALIVE_SECONDS) -> list[WorkerRecord]:
    """Workers that were heard of lately, the one heard last first."""
    since = now_us(session) - int(within_seconds * _SECOND_US)
    statement = select(Worker, Account.name).outerjoin(Account, Worker.account_id == Account.id)
    found = session.execute(statement.where(Worker.seen_us >= since).order_by(Worker.seen_us.desc(), Worker.id))
    return [to_record(WorkerRecord, row, account=name) for row, name in found]


def count_workers(session: Session) -> int:
    """How many were heard of lately."""
    since = now_us(session) - int(ALIVE_SECONDS * _SECOND_US)
    return session.execute(select(func.count()).select_from(Worker).where(Worker.seen_us >= since)).scalar_one()
