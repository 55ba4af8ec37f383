"""Golden values of the published schedules."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.errors import UsageError
from zoo.schedules import Alternating, CosineDrop, Cubic, CubicConfig, Geometric


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


def test_rounds_of_20_percent_have_their_golden_values() -> None:
    """0.8^r (Frankle & Carbin 2019): after 7, 10, 14 and 18 rounds."""
    schedule = Geometric(0.99, 0.2)
    found = [schedule.target(done) for done in (0, 7, 10, 14, 18)]
    assert found == pytest.approx([0.0, 0.790, 0.893, 0.956, 0.982], abs=5e-4)
    assert schedule.rounds == 21
    assert [Geometric(final, 0.2).rounds for final in (0.0, 0.2, 0.36, 0.361, 0.8)] == [0, 1, 2, 3, 8]


@given(st.floats(0, 0.999), st.floats(0.01, 0.99))
def test_rounds_end_at_their_target_and_remove_at_most_the_rate(final: float, rate: float) -> None:
    schedule = Geometric(final, rate)
    curve = [schedule.target(done) for done in range(schedule.rounds + 1)]
    assert curve == sorted(curve)
    assert curve[0] == 0.0 or schedule.rounds == 0
    assert schedule.target(schedule.rounds) == final
    for before, after in pairwise(curve):
        assert (1 - after) / (1 - before) >= 1 - rate - 1e-6


def test_phases_alternate_and_end_compressed() -> None:
    schedule = Alternating((2, 4, 7))
    assert [schedule.is_compressed(step) for step in range(9)] == [*[False] * 2, *[True] * 2, *[False] * 3, *[True] * 2]


@pytest.mark.parametrize("edges", [(), (1, 2), (3, 2, 4)])
def test_phases_that_cannot_end_compressed_are_refused(edges: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="end compressed"):
        Alternating(edges)


@pytest.mark.parametrize(("final", "rate"), [(1.0, 0.2), (0.5, 0.0), (0.5, 1.0)])
def test_impossible_rounds_are_refused(final: float, rate: float) -> None:
    with pytest.raises(UsageError, match="Rounds remove"):
        Geometric(final, rate)
