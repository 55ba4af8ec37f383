"""What tasks resolve: which rows are read, and that the numbers are those of the formulas."""

from typing import Any

import pytest

from registry.records import MetricRecord, ResultRecord, TaskRecord
from registry.resolution import Resolution, resolutions
from registry.statistics import paired_resolution, unpaired_resolution

METRICS = {
    "top1@1": MetricRecord(name="top1", version=1, title="t", unit="fraction", direction="higher", definition="d"),
    "ece15@1": MetricRecord(name="ece15", version=1, title="t", unit="fraction", direction="lower", definition="d"),
}


def task(name: str, metric: str = "top1@1", n: int | None = 5000) -> dict[str, TaskRecord]:
    record = TaskRecord(name=name, version="1", kind="transfer", title=name, primary_metric=metric, n_test=n)
    return {f"{name}@1": record}


def row(value: float | None, model: str = "m", **fields: Any) -> ResultRecord:
    given: dict[str, Any] = {"task": "pets@1", "protocol": "full@1", "metric": "top1@1", "model": model}
    return ResultRecord(value=value, **(given | fields))


def by_seeds(*rows: ResultRecord, **given: Any) -> dict[int, Resolution]:
    return {one.seeds: one for one in resolutions(task("pets"), METRICS, rows, **given)}


def test_accuracy_and_spread_are_those_of_the_models_here() -> None:
    runs = [row(0.90), row(0.91), row(0.92), row(0.80, "n"), row(0.81, "n"), row(0.82, "n"), row(0.5, condition="x")]
    found = by_seeds(*runs)
    assert found[3].accuracy == pytest.approx(0.86)
    assert found[3].seed_std == pytest.approx(0.01)
    assert found[3].paired == paired_resolution(0.07, 5000, seeds=3, seed_std=found[3].seed_std or 0)
    assert found[1].unpaired == unpaired_resolution(found[1].accuracy, 5000)
    assert found[1].paired < found[5].paired < found[3].paired  # one seed knows nothing of seeds


def test_published_rows_bring_their_own_spread() -> None:
    assert by_seeds(row(0.9, std=0.003, runs=3), row(0.8, "n", std=0.004, runs=5))[1].seed_std == pytest.approx(
        ((0.003**2 + 0.004**2) / 2) ** 0.5
    )
    assert by_seeds(row(0.9))[3].seed_std is None


def test_where_nothing_was_measured_the_accuracy_is_assumed() -> None:
    found = by_seeds(assumed_accuracy=0.7)
    assert (found[1].accuracy, found[1].measured, found[1].protocol) == (0.7, False, None)


def test_tasks_without_images_or_accuracies_are_left_out() -> None:
    others = {**task("cost", n=None), **task("calibration", "ece15@1"), **task("unknown", "new@1")}
    assert resolutions(others, METRICS, []) == []
