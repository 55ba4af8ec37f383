"""The fair order: small submitters do not wait behind large ones, and nobody waits for ever."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_catalogues import fresh_catalogue
from queue_rows import PROTOCOL, SUITE, TASK, fill, result
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, submissions
from registry.accounts import create_account
from registry.db.session import session_scope
from registry.positions import position, positions
from registry.queries.turns import OLDEST_EVERY
from registry.queries.workers import worker_heard

MINUTES = st.lists(st.sampled_from([0.1, 1.0, 30.0]), min_size=1, max_size=2)
_NEXT = iter(range(10_000))


def submit(session: Session, checkpoint: int, account_id: int | None, minutes: Sequence[float]) -> str:
    """A submission with a new evaluation of each length."""
    record, _ = submissions.submit(
        session, hub_endpoint="h", hub_repo="o/n", revision=str(next(_NEXT)), suite=SUITE, actor="a",
        account_id=account_id,
    )  # fmt: skip
    assert submissions.claim_check(session, "worker") is not None
    cells = {(TASK, PROTOCOL, next(_NEXT)): each for each in minutes}
    submissions.accept(session, record.public_id, 1, "worker", checkpoint, cells, minutes=cells)
    return record.public_id


def serve(session: Session) -> int | None:
    """Finish the next job; its number."""
    job = jobs.claim(session, "worker")
    if job is None:
        return None
    jobs.finish(session, job.id, job.attempt, "worker", [result(0.5)])
    submissions.advance(session)
    return job.id


def jobs_of(session: Session, public_id: str) -> list[int]:
    return [job.id for job in submissions.status(session, public_id).jobs]


@pytest.fixture
def checkpoint(catalogue: Engine) -> int:
    with session_scope(catalogue, write=True) as session:
        for name in ("ada", "bob", "cyd"):
            create_account(session, name)
        return fill(session)


def test_a_small_submission_does_not_wait_behind_a_large_one(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        submit(session, checkpoint, 1, [10.0] * 30)
        served = [serve(session) for _ in range(5)]
        small = jobs_of(session, submit(session, checkpoint, 2, [10.0] * 2))
        served = [serve(session) for _ in range(8)]
    assert set(small) <= set(served)


def test_who_asks_twice_for_little_stands_with_who_asks_once_for_much(catalogue: Engine, checkpoint: int) -> None:
    """In device minutes, not in jobs: 10 jobs of 1 minute are as much as one of 10."""
    with session_scope(catalogue, write=True) as session:
        long = set(jobs_of(session, submit(session, checkpoint, 1, [10.0] * 6)))
        short = set(jobs_of(session, submit(session, checkpoint, 2, [1.0] * 40)))
        served = Counter("long" if serve(session) in long else "short" for _ in range(22))
    assert short
    assert 2 <= served["long"] <= 8  # 2 by the minute, and every fourth claim is the oldest's


def test_the_operator_s_own_jobs_are_one_more_submitter(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        wanted = [jobs.Evaluation(checkpoint, TASK, PROTOCOL, 5000 + number) for number in range(20)]
        jobs.enqueue_all(session, wanted)
        mine = jobs_of(session, submit(session, checkpoint, 1, [1.0] * 3))
        served = {serve(session) for _ in range(9)}
    assert set(mine) <= served


@settings(deadline=None, max_examples=max(8, settings().max_examples // 10))
@given(
    arrivals=st.lists(
        st.tuples(
            st.sampled_from([None, 1, 2, 3]), st.lists(st.sampled_from([0.1, 1.0, 30.0]), min_size=1, max_size=3)
        ),
        max_size=6,
    ),
    served_first=st.integers(0, 4),
)
def test_nobody_starves_whoever_else_comes(arrivals: list[tuple[int | None, list[float]]], served_first: int) -> None:
    """A job is served after at most four claims for each that was asked for before it, itself included."""
    engine = fresh_catalogue()
    with session_scope(engine, write=True) as session:
        for name in ("ada", "bob", "cyd", *(f"newcomer-{number}" for number in range(28))):
            create_account(session, name)
        checkpoint = fill(session)
        for account_id, minutes in arrivals:
            submit(session, checkpoint, account_id, minutes)
        for _ in range(served_first):
            serve(session)
        patient = jobs_of(session, submit(session, checkpoint, 1, [500.0]))[0]
        waiting = sum(len(minutes) for _, minutes in arrivals) + 1
        for claims in range(1, OLDEST_EVERY * waiting + 1):
            submit(session, checkpoint, 3 + claims, [0.1])  # a new account each time, and a cheap one
            if serve(session) == patient:
                break
        else:
            pytest.fail("it was never served")
    engine.dispose()


def test_position_and_estimate(catalogue: Engine, checkpoint: int) -> None:
    with session_scope(catalogue, write=True) as session:
        first = submit(session, checkpoint, 1, [6.0, 6.0])
        second = submit(session, checkpoint, 2, [3.0])
        waiting, _ = submissions.submit(
            session, hub_endpoint="h", hub_repo="o/n", revision="last", suite=SUITE, actor="a", account_id=2
        )
        newest, _ = submissions.submit(
            session, hub_endpoint="h", hub_repo="o/n", revision="newest", suite=SUITE, actor="a", account_id=1
        )
        lonely = position(session, second)
        assert lonely is not None
        assert (lonely.jobs_ahead, lonely.workers, lonely.minutes_to_start) == (1, 0, None)
        for owner in ("one", "two"):
            worker_heard(session, owner, "cpu")
        found = {
            public_id: position(session, public_id)
            for public_id in (first, second, waiting.public_id, newest.public_id)
        }
        assert positions(session) == found, "asked at once it is the same"
    one, two, unchecked, last = found.values()
    assert one is not None
    assert two is not None
    assert unchecked is not None
    assert (one.jobs_ahead, one.jobs_left, one.minutes_to_start, one.minutes_to_end) == (0, 2, 0.0, 6.0)
    assert (two.jobs_ahead, two.jobs_left, two.minutes_to_start, two.minutes_to_end) == (1, 1, 3.0, 6.0)
    assert (unchecked.checks_ahead, unchecked.minutes_to_end) == (0, None)
    assert last is not None
    assert last.checks_ahead == 1
    with session_scope(catalogue, write=True) as session:
        while serve(session) is not None:
            pass
        assert position(session, first) is None
        submissions.advance(session)
        assert list(positions(session)) == [waiting.public_id, newest.public_id]
