"""The aggregates that were computed from the raw published results come back out of the catalogue, digit for digit."""

import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import mean, median, stdev

import pytest
from sqlalchemy import Engine

from registry import queries
from registry.db.session import session_scope
from registry.records import ResultRecord
from registry.statistics import Change, mean_ranks, mean_relative_error_change, relative_error_change

GOLDEN = Path(__file__).parents[1] / "golden" / "derived_aggregates.csv"
SUITE = "transfer-12@ist2022"
METHODS = {
    "Dense": "dense",
    "AC/DC": "ac-dc",
    "STR": "str",
    "RigL ERK 1x": "rigl",
    "RigL ERK 5x": "rigl-5x",
    "WoodFisher": "woodfisher",
    "LTH-T": "lth-t",
    "M-FAC": "m-fac",
}


@pytest.fixture(scope="module")
def values(reported_catalogue: Engine) -> dict[tuple[str, str], dict[str, ResultRecord]]:
    """(model, protocol) -> task -> result."""
    cells: dict[tuple[str, str], dict[str, ResultRecord]] = {}
    with session_scope(reported_catalogue) as session:
        for result in queries.results(session, suite=SUITE):
            tasks = cells.setdefault((result.model, result.protocol), {})
            assert result.task not in tasks
            tasks[result.task] = result
    return cells


def golden_rows() -> list[dict[str, str]]:
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", golden_rows(), ids=lambda row: "-".join(list(row.values())[:4]))
def test_aggregate(row: dict[str, str], values: dict[tuple[str, str], dict[str, ResultRecord]]) -> None:
    protocol = f"{row['protocol']}@ist2022"
    architecture = row["backbone"].lower()
    sparse = values[f"{METHODS[row['method']]}/{architecture}/{float(row['sparsity']):.2f}", protocol]
    dense = values[f"dense/{architecture}/0.00", protocol]
    assert len(sparse) == len(dense) == 12
    changes = [100 * _relative(sparse[task], dense[task]) for task in sparse]
    assert as_printed(mean(changes), row["mean_rel_error_increase_pct"])
    assert as_printed(median(changes), row["median_rel_error_increase_pct"])
    assert as_printed(100 * mean(_value(result) for result in sparse.values()), row["mean_metric"])
    assert str(sum(change < 0 for change in changes)) == row["tasks_better_than_dense"]
    assert as_printed(stdev(changes) / Decimal(12).sqrt(), row["sem_over_tasks_pct"])
    assert as_printed(_mean_rank(sparse, row, values), row["mean_rank"])
    assert float(mean(changes)) == pytest.approx(_by_our_formula(sparse, dense).value * 100, abs=1e-9)


def _mean_rank(
    model: dict[str, ResultRecord], row: dict[str, str], values: dict[tuple[str, str], dict[str, ResultRecord]]
) -> Decimal:
    """Over tasks, the mean place among all checkpoints of the backbone by the protocol; by our own function, too."""
    rivals = [
        tasks
        for (name, protocol), tasks in values.items()
        if f"/{row['backbone'].lower()}/" in name and protocol == f"{row['protocol']}@ist2022"
    ]
    places = [
        1 + sum(_value(rival[task]) > _value(result) for rival in rivals)
        + Decimal(sum(_value(rival[task]) == _value(result) for rival in rivals) - 1) / 2
        for task, result in model.items()
    ]  # fmt: skip
    ours = mean_ranks([[float(_value(rival[task])) for task in model] for rival in rivals])
    assert ours[rivals.index(model)] == pytest.approx(float(mean(places)))
    return mean(places)


def _by_our_formula(sparse: dict[str, ResultRecord], dense: dict[str, ResultRecord]) -> Change:
    return mean_relative_error_change(
        [relative_error_change(float(_value(sparse[task])), float(_value(dense[task]))) for task in sparse]
    )


def as_printed(value: Decimal, golden: str) -> bool:
    """Whether ``value`` rounds to the printed number."""
    places = Decimal(1).scaleb(-len(golden.partition(".")[2]))
    return value.quantize(places, ROUND_HALF_UP) == Decimal(golden)


def _value(result: ResultRecord) -> Decimal:
    """The shortest decimal number of the stored value: means of printed numbers can be exact ties."""
    assert result.value is not None
    return Decimal(str(result.value))


def _relative(sparse: ResultRecord, dense: ResultRecord) -> Decimal:
    error, dense_error = 1 - _value(sparse), 1 - _value(dense)
    return (error - dense_error) / dense_error
