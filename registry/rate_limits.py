"""How often somebody may try: attempts are counted in the database, for all web processes together."""

import time
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from .db.session import now_us, session_scope
from .errors import TooManyError
from .queries import sign_in as rows

_SECOND_US = 1_000_000
_DAY_US = 86400 * _SECOND_US


@dataclass(frozen=True)
class Limit:
    """So many ``uses`` in a window of so many ``seconds``; windows begin at multiples of their length."""

    what: str
    uses: int
    seconds: int


SIGN_INS: Final = Limit("attempts to sign in", 60, 600)
WRONG_TOKENS: Final = Limit("wrong tokens", 30, 600)
FLAGS: Final = Limit("reports", 20, 3600)
TOKEN_USES: Final = Limit("requests with tokens of one account", 1200, 60)


def use(engine: Engine, limit: Limit, who: str) -> None:
    """Count one more attempt; in a transaction of its own, so that a failure is counted too.

    Raises :class:`~registry.errors.TooManyError` above the limit.
    """
    with session_scope(engine, write=True) as session:
        now = now_us(session)
        uses = rows.count_use(session, _subject(limit, who), _window(limit, now))
        if uses == 1:
            rows.forget_uses(session, now - _DAY_US)
    _require(limit, uses, now)


def require_room(session: Session, limit: Limit, who: str) -> None:
    """Raise :class:`~registry.errors.TooManyError` where the limit is used up; counts nothing."""
    now = now_us(session)
    _require(limit, rows.uses_in(session, _subject(limit, who), _window(limit, now)) + 1, now)


class Meter:
    """Counts in this process's memory, for what happens too often to be written down each time."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._lock = Lock()
        self._window = 0
        self._uses: dict[str, int] = {}

    def use(self, who: str) -> None:
        """Count one more use. Raises :class:`~registry.errors.TooManyError` above the limit."""
        now = time.time_ns() // 1000
        with self._lock:
            window = _window(self._limit, now)
            if window != self._window:
                self._window, self._uses = window, {}
            self._uses[who] = self._uses.get(who, 0) + 1
            uses = self._uses[who]
        _require(self._limit, uses, now)


def _require(limit: Limit, uses: int, now: int) -> None:
    if uses > limit.uses:
        seconds = -(-(_window(limit, now) + limit.seconds * _SECOND_US - now) // _SECOND_US)
        raise TooManyError(f"Too many {limit.what}: {limit.uses} in {limit.seconds} s are allowed.", seconds)


def _window(limit: Limit, now: int) -> int:
    length = limit.seconds * _SECOND_US
    return now - now % length


def _subject(limit: Limit, who: str) -> str:
    return f"{limit.what}: {who}"
