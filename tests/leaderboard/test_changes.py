import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.changes import (
    Change,
    Measured,
    mean_over_replicates,
    mean_over_tasks,
    measured,
    task_change,
)
from registry.records import ResultRecord


def result(value: float | None, **facts: object) -> ResultRecord:
    given = {"model": "m", "task": "t@1", "protocol": "p@1", "metric": "top1@1", "value": value}
    return ResultRecord(**(given | facts))  # type: ignore[arg-type]


def test_the_delta_method_agrees_with_simulation() -> None:
    generator = random.Random(0)  # noqa: S311
    sparse, dense = Measured(0.12, 0.002), Measured(0.10, 0.0015)
    draws = [
        100 * (generator.gauss(0.12, 0.002) / generator.gauss(0.10, 0.0015) - 1) for _ in range(40_000)
    ]  # fmt: skip
    mean = sum(draws) / len(draws)
    spread = math.sqrt(sum((draw - mean) ** 2 for draw in draws) / len(draws))
    change = task_change(sparse, dense, "%")
    assert change is not None
    assert change.half is not None
    assert change.value == pytest.approx(20.0)
    assert change.half == pytest.approx(1.96 * spread, rel=0.03)


def test_points_are_plain_differences() -> None:
    change = task_change(Measured(0.12, 0.003), Measured(0.10, 0.004), "points")
    assert change is not None
    assert change.value == pytest.approx(2.0)
    assert change.half == pytest.approx(1.959964 * 0.5)


def test_a_dense_error_of_zero_has_no_relative_change() -> None:
    assert task_change(Measured(0.1, 0.01), Measured(0.0, 0.0), "%") is None
    assert task_change(Measured(0.1, 0.01), Measured(0.0, 0.0), "points") is not None


def test_an_unknown_spread_gives_a_value_without_interval() -> None:
    change = task_change(Measured(0.12, None), Measured(0.10, 0.002), "%")
    assert change is not None
    assert (change.half, change.low, change.resolved) == (None, None, False)
    assert mean_over_tasks([change, Change(1.0, 0.1, 0.1, "")]).half is None


def test_one_run_has_no_interval_over_runs() -> None:
    assert mean_over_replicates([1.0]).half is None


def test_a_mean_over_tasks_shrinks_with_their_number() -> None:
    change = mean_over_tasks([Change(2.0, 0.3, 0.2, "")] * 9)
    assert change.value == 2.0
    assert change.half == pytest.approx(0.1)
    assert change.own == pytest.approx(0.2 / 3)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6))
def test_seeds_give_the_standard_error_of_their_mean(values: list[float]) -> None:
    found = measured([result(value, seed=seed) for seed, value in enumerate(values)])
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    assert found is not None
    assert found.error == pytest.approx(1 - mean)
    assert found.standard_error == pytest.approx(math.sqrt(variance / len(values)), abs=1e-12)


def test_one_row_tells_its_spread_by_std_or_by_interval_or_not_at_all() -> None:
    rows = {
        0.01: result(0.9, std=0.02, runs=4, ci_low=0.8, ci_high=1.0, interval_method="t"),
        0.02 / 1.959964: result(0.9, ci_low=0.88, ci_high=0.92, interval_method="wilson"),
        None: result(0.9, no_interval_reason="one run"),
    }
    for standard_error, row in rows.items():
        found = measured([row])
        assert found is not None
        assert found.error == pytest.approx(0.1)
        assert found.standard_error == (None if standard_error is None else pytest.approx(standard_error))


def test_a_missing_value_is_not_a_zero() -> None:
    assert measured([result(None, missing_reason="it failed")]) is None
    assert measured([]) is None


def test_a_change_says_which_noise_its_interval_covers() -> None:
    by_seed = measured([result(0.9, seed=0), result(0.92, seed=1)])
    by_image = measured([result(0.9, ci_low=0.88, ci_high=0.92)])
    assert by_seed is not None
    assert by_image is not None
    words = {
        task_change(one, other, "%").why  # type: ignore[union-attr]
        for one in (by_seed, by_image)
        for other in (by_seed, by_image)
    }
    assert len(words) == 4
    assert "95 % over fine-tuning seeds, the test images as they are" in words
    published = measured([result(0.9, runs=3, ci_low=0.88, ci_high=0.92)])
    assert published is not None
    assert published.over == "seeds"
