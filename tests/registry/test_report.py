"""report.json: complete, the same for the same results, and read again strictly."""

import json
from pathlib import Path
from typing import Any

import pytest
from toy_cards import toy_facts

from registry.headlines import Plugins, headlines
from registry.records import MetricRecord, ResultRecord, TaskRecord
from registry.report import Report, make_report
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.strict import dump_json, parse_json

SLUG = "gmp/toy/0.50-s0"
TASK = TaskRecord(name="far", version="1", kind="transfer", title="Far", primary_metric="top1@1")
METRIC = MetricRecord(name="top1", version=1, title="top-1", unit="fraction", direction="higher", definition="")
ROWS = (
    ResultRecord(
        model=SLUG, task="far@1", protocol="linear@1", metric="top1@1", value=0.8, seed=0, n=100, ci_low=0.7,
        ci_high=0.9, interval_method="wilson", created_us=17, id=3, provenance={"host": "a-machine"},
    ),
    ResultRecord(
        model=SLUG, task="far@1", protocol="full@1", metric="top1@1", value=None, missing_reason="out of memory", seed=1
    ),
    ResultRecord(
        model=SLUG, task="far@1", protocol="linear@1", metric="top1@1", value=0.5, std=0.1, runs=3, trust="reported",
        source="a paper", no_interval_reason="unknown n",
    ),
)  # fmt: skip


@pytest.fixture
def passport(tmp_path: Path) -> Passport:
    return toy_facts(tmp_path / "toy").passport


def made(passport: Passport, rows: tuple[ResultRecord, ...] = ROWS) -> Report:
    return make_report(
        SLUG, passport, rows, headlines(rows, Plugins(tasks={"far@1": TASK}, metrics={"top1@1": METRIC}))
    )


def test_every_row_with_its_value_or_reason_and_no_times(passport: Passport) -> None:
    document = made(passport).to_json()
    assert (document["schema"], document["slug"], document["densified_hash"]) == (1, SLUG, passport.densified_hash)
    assert [
        (row["protocol"], row["value"], row["missing_reason"], row["seed"], row["trust"], row["interval"])
        for row in document["results"]
    ] == [
        ("full@1", None, "out of memory", 1, "measured", None),
        ("linear@1", 0.5, None, None, "reported", None),
        ("linear@1", 0.8, None, 0, "measured", {"low": 0.7, "high": 0.9, "method": "wilson"}),
    ]
    assert not {"created_us", "id", "provenance"} & set(json.dumps(document).replace('"', " ").split())
    assert "a-machine" not in json.dumps(document)


def test_equal_results_are_equal_bytes_in_any_order(passport: Passport) -> None:
    assert dump_json(made(passport).to_json()) == dump_json(made(passport, ROWS[::-1]).to_json())


def test_it_is_read_back_as_it_was(passport: Passport) -> None:
    report = made(passport)
    assert Report.from_json(parse_json(dump_json(report.to_json()), "x")) == report
    assert report.is_about(passport)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"surplus": 1},
        {"results": [{"task": "far@1"}]},
        {"headlines": [{"value": "<script>"}]},
        {"densified_hash": 5},
        {"results": "none"},
    ],
)
def test_what_is_not_a_report_is_refused(change: dict[str, Any], passport: Passport) -> None:
    with pytest.raises(ConfigError):
        Report.from_json({**made(passport).to_json(), **change})
    with pytest.raises(ConfigError):
        Report.from_json([])


def test_cells_that_a_newer_report_lacks_are_counted(passport: Passport) -> None:
    old, new = made(passport), made(passport, ROWS[:1])
    assert old.cells_missing_in(new) == 2
    assert new.cells_missing_in(old) == 0
