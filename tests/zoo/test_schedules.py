"""Golden values of the published schedules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.errors import UsageError
from zoo.schedules import CosineDrop, Cubic, CubicConfig


def test_cubic_schedule_has_its_golden_values() -> None:
    """s_f (1 - (1 - u)^3) with s_f = 0.9 at u = 0, 1/4, 1/2, 3/4, 1 (Zhu & Gupta, equation 1)."""
    schedule = Cubic(0.9, begin=100, end=500)
    found = [schedule.target(step) for step in (100, 200, 300, 400, 500)]
    assert found == pytest.approx([0.0, 0.52031, 0.7875, 0.88594, 0.9], abs=5e-6)


def test_cubic_schedule_is_flat_outside_and_starts_where_it_is_told() -> None:
    schedule = Cubic(0.9, begin=10, end=20, initial=0.5)
    assert [schedule.target(step) for step in (0, 10, 20, 99)] == [0.5, 0.5, 0.9, 0.9]


def test_cubic_schedule_updates_at_its_end_whatever_its_interval() -> None:
    schedule = Cubic(0.9, begin=2, end=11, every=4)
    assert [step for step in range(20) if schedule.is_update(step)] == [2, 6, 10, 11]


def test_cosine_drop_has_its_golden_values() -> None:
    """α = 0.3 at t = 0, 1/4, 1/2 and 1 of T_end (Evci et al. 2020)."""
    drop = CosineDrop(0.3, end=400)
    assert [drop.fraction(step) for step in (0, 100, 200, 400)] == pytest.approx([0.3, 0.256, 0.15, 0.0], abs=1e-4)
    assert drop.fraction(401) == 0.0


@given(st.floats(0, 1), st.integers(1, 500), st.floats(0, 0.5), st.floats(0.5, 1), st.integers(1, 60))
def test_a_schedule_over_a_run_ends_at_its_target_within_the_run(
    final: float, total: int, begin: float, end: float, updates: int
) -> None:
    schedule = CubicConfig(begin=begin, end=end, updates=updates).schedule(final, total)
    steps = [step for step in range(total) if schedule.is_update(step)]
    assert steps
    assert schedule.target(steps[-1]) == final
    curve = [schedule.target(step) for step in steps]
    assert curve == sorted(curve)
    assert len(steps) <= 2 * updates + 2


@pytest.mark.parametrize(
    "values",
    [{"begin": -1, "end": 3}, {"begin": 4, "end": 3}, {"begin": 0, "end": 3, "every": 0}],
)
def test_schedules_refuse_impossible_steps(values: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="begin <= end"):
        Cubic(0.9, **values)


def test_schedules_refuse_a_falling_curve() -> None:
    with pytest.raises(UsageError, match="rises from"):
        Cubic(0.5, 0, 1, initial=0.6)
