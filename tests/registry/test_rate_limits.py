"""Attempts are counted for all processes, each address for itself, and forgiven after the window."""

import pytest
from sqlalchemy import Engine, select

from registry import rate_limits
from registry.db.models import UseCount
from registry.db.session import session_scope
from registry.errors import TooManyError
from registry.rate_limits import Limit, Meter, require_room, use

FEW = Limit("tries", 2, 60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    at = [600_000_000 + 15_500_000]
    monkeypatch.setattr(rate_limits, "now_us", lambda _: at[0])
    return at


def test_more_than_the_limit_is_refused_until_the_window_ends(catalogue: Engine, clock: list[int]) -> None:
    for _ in range(2):
        use(catalogue, FEW, "a")
    for _ in range(2):
        with pytest.raises(TooManyError, match="2 in 60 s") as error:
            use(catalogue, FEW, "a")
        assert error.value.retry_after_seconds == 45
    with pytest.raises(TooManyError), session_scope(catalogue) as session:
        require_room(session, FEW, "a")
    use(catalogue, FEW, "b")
    with session_scope(catalogue) as session:
        require_room(session, FEW, "b")
    clock[0] += 45_000_000
    use(catalogue, FEW, "a")


def test_old_counts_are_forgotten(catalogue: Engine, clock: list[int]) -> None:
    use(catalogue, FEW, "a")
    clock[0] += 2 * 86400 * 1_000_000
    use(catalogue, FEW, "b")
    with session_scope(catalogue) as session:
        assert [row.subject for row in session.execute(select(UseCount)).scalars()] == ["tries: b"]


def test_a_meter_counts_each_for_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000_000]
    monkeypatch.setattr("registry.rate_limits.time.time_ns", lambda: now[0] * 1000)
    meter = Meter(FEW)
    for who in ("a", "a", "b"):
        meter.use(who)
    with pytest.raises(TooManyError):
        meter.use("a")
    meter.use("b")
    now[0] += 60_000_000
    meter.use("a")
