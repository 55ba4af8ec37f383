"""The interval of a cell: what it has of seeds and images, and why there is none."""

from typing import Any

import pytest
from scipy import stats

from registry.cell_interval import cell_interval
from registry.records import MetricRecord, ResultRecord
from registry.report import Range

TOP1 = MetricRecord(
    name="top1", version=1, title="t", unit="fraction", direction="higher", definition="d", lower_bound=0, upper_bound=1
)


def row(value: float | None, half: float | None = 0.02, **fields: Any) -> ResultRecord:
    spread: dict[str, Any] = {}
    if value is not None and half is not None:
        spread = {"ci_low": value - half, "ci_high": value + half, "interval_method": "wilson"}
    given: dict[str, Any] = {"model": "m", "task": "t@1", "protocol": "p@1", "metric": "top1@1", "n": 100}
    return ResultRecord(value=value, **(given | spread | fields))


def test_a_single_row_has_its_own() -> None:
    assert cell_interval([row(0.8)], TOP1) == (Range(0.78, 0.8200000000000001, "wilson"), None)
    assert cell_interval([row(0.8, None, no_interval_reason="one run")], TOP1) == (None, "one run")


def test_several_seeds_add_their_noise_to_that_of_the_images() -> None:
    found, reason = cell_interval([row(value) for value in (0.79, 0.80, 0.81)], TOP1)
    assert found is not None
    assert (found.method, reason) == ("seeds and images", None)
    seeds = stats.t.ppf(0.975, 2) * 0.01 / 3**0.5
    assert found.high - 0.8 == pytest.approx((0.02**2 + seeds**2) ** 0.5)


def test_without_intervals_over_images_the_seeds_speak_alone() -> None:
    found, _ = cell_interval([row(value, None) for value in (0.79, 0.80, 0.81)], TOP1)
    assert found is not None
    assert found.method == "t over seeds"
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 2, 0.8, 0.01 / 3**0.5))


def test_it_ends_where_the_metric_ends() -> None:
    found, _ = cell_interval([row(value, 0.01) for value in (0.97, 0.99)], TOP1)
    assert found is not None
    assert found.high == 1.0
    wide, _ = cell_interval([row(value, 0.01) for value in (0.97, 0.99)], None)
    assert wide is not None
    assert wide.high > 1


def test_what_is_missing_is_said() -> None:
    assert cell_interval([row(None, missing_reason="too large")], TOP1) == (None, None)
    assert cell_interval([row(0.8), row(None, missing_reason="x")], TOP1) == (None, "1 of 2 seeds are missing")
