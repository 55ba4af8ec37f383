"""Estimates follow from what was measured, on the same device, and say of what nothing is known."""

import json

import pytest
from benchmark_catalogues import COST, LINEAR, DigitCatalogue

from benchmark.estimate import Estimate, Wanted, estimates, seconds_of
from benchmark.executors import EXECUTORS
from benchmark.placement import Placement
from benchmark.runner import estimate_plan, make_suite_plan
from benchmark.suites import Cell, Suite
from prunarium.cli import run
from registry import queries
from registry.db.session import session_scope
from registry.queries import MeasuredCost

SMALL = MeasuredCost("pets@1", "linear@1", "resnet18", 3.6e9, "cpu A", 100.0)


def test_the_same_architecture_counts_before_any_ratio() -> None:
    history = [SMALL, SMALL._replace(seconds=140.0), SMALL._replace(architecture="resnet50", flops=8.2e9, seconds=1.0)]
    assert seconds_of(Wanted("pets@1", "linear@1", "resnet18", 3.6e9), history) == 120.0
    assert seconds_of(Wanted("pets@1", "linear@1", "resnet34", 7.2e9), [SMALL]) == pytest.approx(200.0)
    assert seconds_of(Wanted("pets@1", "full@1", "resnet18", 3.6e9), history) is None
    assert seconds_of(Wanted("pets@1", "linear@1", "vit", None), history) is None


def test_devices_are_never_mixed() -> None:
    wanted = [Wanted("pets@1", "linear@1", "resnet18", 3.6e9), Wanted("cars@1", "full@1", "resnet18", 3.6e9)]
    found = estimates(wanted, [SMALL, SMALL._replace(device="gpu B", seconds=3.6)])
    assert found == [Estimate("cpu A", 100 / 3600, 1, 1), Estimate("gpu B", 0.001, 1, 1)]
    assert estimates(wanted, []) == []


def test_a_catalogue_tells_what_its_jobs_took(
    catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRUNARIUM_HOME", str(catalogue.settings.home))
    assert run(["benchmark", "plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["estimates"] == []
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    EXECUTORS["in-process"].drain(catalogue.order(ids).to_json(), Placement(), lambda _: None)
    with session_scope(catalogue.engine) as session:
        (cost,) = queries.measured_costs(session)
    assert (cost.task, cost.protocol, cost.architecture) == (*COST, "resnet8-digits")
    assert cost.device.startswith("cpu ")
    suite = Suite("two", "1", "Two cells", (Cell(*COST), Cell(*LINEAR)))
    _, plan = make_suite_plan(catalogue.engine, suite)
    (estimate,) = estimate_plan(catalogue.engine, plan)
    assert (estimate.known, estimate.unknown) == (1, 2)
    assert estimate.hours == pytest.approx(cost.seconds / 3600)
    assert run(["benchmark", "plan"]) == 0
    assert "for 1 of them on cpu " in capsys.readouterr().err
