"""What an account may still spend, by hand-made sums and by waiting it out."""

from hypothesis import given
from hypothesis import strategies as st

from registry.quota_rules import DAY_US, Allowance, Spending, affordable_at, left

HOUR = Allowance(60.0, 7.0)
WEEK_US = 7 * DAY_US
EVENTS = st.lists(
    st.builds(Spending, st.sampled_from([-30.0, -5.0, 1.0, 20.0, 59.0]), st.integers(0, 3 * WEEK_US)), max_size=8
)


def test_a_charge_counts_for_a_period_and_not_a_moment_longer() -> None:
    events = [Spending(50.0, 10)]
    assert left(events, HOUR, 10) == 10.0
    assert left(events, HOUR, 10 + WEEK_US - 1) == 10.0
    assert left(events, HOUR, 10 + WEEK_US) == 60.0


def test_a_grant_adds_minutes_and_ends_too() -> None:
    events = [Spending(50.0, 0), Spending(-30.0, DAY_US)]
    assert left(events, HOUR, DAY_US) == 40.0
    assert left(events, HOUR, WEEK_US) == 90.0
    assert left(events, HOUR, WEEK_US + DAY_US) == 60.0


def test_more_than_the_whole_allowance_is_never_affordable_without_a_grant() -> None:
    assert affordable_at([], HOUR, 60.5, now=0) is None
    assert affordable_at([Spending(-1.0, 0)], HOUR, 60.5, now=0) == 0


@given(EVENTS, st.floats(0.5, 90.0), st.integers(0, 3 * WEEK_US))
def test_the_moment_that_is_told_is_the_first_one(events: list[Spending], wanted: float, now: int) -> None:
    moment = affordable_at(events, HOUR, wanted, now)
    tried = sorted({now, *(at for event in events if (at := event.at_us + WEEK_US) > now)})
    enough = [at for at in tried if left(events, HOUR, at) >= wanted]
    assert moment == (enough[0] if enough else None)
    if moment is not None and moment > now:
        assert left(events, HOUR, moment - 1) < wanted
