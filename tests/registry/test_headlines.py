"""One number per task and protocol: which rows it takes, its interval, its data set."""

from typing import Any

import pytest
from measured_results import ON_HUB

from registry.headlines import Plugins, headlines
from registry.records import MetricRecord, ProtocolRecord, ResultRecord, TaskRecord
from registry.report import Headline, Range


def task(name: str, kind: str, **fields: Any) -> TaskRecord:
    return TaskRecord(name=name, version="1", kind=kind, title=name.upper(), primary_metric="top1@1", **fields)  # type: ignore[arg-type]


PLUGINS = Plugins(
    tasks={
        f"{row.name}@1": row
        for row in (
            task("near", "upstream"), task("far", "transfer", manifest={"data": {"hub": ON_HUB}}),
            task("fog", "shift"), task("strange", "ood"), task("cost", "cost"),
        )
    },
    protocols={"linear@1": ProtocolRecord(name="linear", version="1", kind="linear", title="linear probe")},
    metrics={
        "top1@1": MetricRecord(
            name="top1", version=1, title="top-1", unit="fraction", direction="higher", definition=""
        )
    },
)  # fmt: skip


def row(task: str = "far@1", value: float | None = 0.8, **fields: Any) -> ResultRecord:
    given: dict[str, Any] = {"model": "m", "protocol": "linear@1", "metric": "top1@1", "seed": 0, "n": 100}
    return ResultRecord(task=task, value=value, **(given | fields))


def one(*rows: ResultRecord) -> Headline:
    (found,) = headlines(rows, PLUGINS)
    return found


def test_the_words_and_the_data_set_come_from_the_catalogue() -> None:
    found = one(row(ci_low=0.7, ci_high=0.9, interval_method="wilson"))
    assert (found.task_title, found.protocol_title, found.metric_title, found.unit) == (
        "FAR", "linear probe", "top-1", "fraction")  # fmt: skip
    assert (found.dataset_id, found.dataset_task, found.dataset_revision) == (
        "prunarium/digits", "five-to-nine", "5" * 40)  # fmt: skip
    assert (found.value, found.interval, found.seeds, found.n) == (0.8, Range(0.7, 0.9, "wilson"), (0,), 100)


@pytest.mark.parametrize(
    "other",
    [row(metric="nll@1"), row(condition="fog/3"), row("cost@1"), row("unheard-of@1")],
    ids=["another metric", "one condition", "a cost", "an unknown task"],
)
def test_only_the_primary_metric_over_everything_leads(other: ResultRecord) -> None:
    assert headlines([other], PLUGINS) == []


def test_several_seeds_are_one_number_with_students_interval_over_them() -> None:
    found = one(*(row(value=value, seed=seed) for seed, value in enumerate((0.79, 0.80, 0.81))))
    assert found.value == pytest.approx(0.80)
    assert found.seeds == (0, 1, 2)
    assert found.interval is not None
    # The t quantile for 2 degrees of freedom, 4.302653, from any table; the standard error is 0.01 / sqrt(3).
    assert found.interval.low == pytest.approx(0.80 - 4.302653 * 0.01 / 3**0.5, abs=1e-8)
    assert found.interval.method == "t over seeds"


def test_a_missing_seed_leaves_no_interval_and_says_so() -> None:
    found = one(row(), row(value=None, missing_reason="out of memory", seed=1))
    assert (found.value, found.interval, found.no_interval_reason) == (0.8, None, "1 of 2 seeds are missing")


def test_a_missing_value_is_no_zero() -> None:
    found = one(row(value=None, missing_reason="out of memory"))
    assert (found.value, found.missing_reason, found.interval) == (None, "out of memory", None)


def test_reported_numbers_are_not_mixed_with_measured_ones() -> None:
    reported = row(value=0.5, trust="reported", source="a paper", seed=None, no_interval_reason="one run")
    found = headlines([reported, row()], PLUGINS)
    assert [(line.trust, line.value) for line in found] == [("measured", 0.8), ("reported", 0.5)]


def test_upstream_first_then_transfer_then_shifts_whatever_the_order() -> None:
    rows = [row("strange@1"), row("fog@1"), row("far@1", protocol="full@1"), row("far@1"), row("near@1")]
    found = headlines(rows, PLUGINS)
    assert [(line.task, line.protocol) for line in found] == [
        ("near@1", "linear@1"), ("far@1", "full@1"), ("far@1", "linear@1"), ("fog@1", "linear@1"),
        ("strange@1", "linear@1"),
    ]  # fmt: skip
    assert headlines(rows[::-1], PLUGINS) == found
