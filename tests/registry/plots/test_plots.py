"""Pictures of a catalogue: which there are, and that each draws the numbers that it states."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import pytest

from registry.db.schema import open_catalogue
from registry.effective_robustness import Pair, dense_line, line_for, pairs_of, robustness_rows
from registry.errors import UnknownRecordError
from registry.plots import Plot, PlotInputs, plots_of, write_plots
from registry.plots.by_model import reliability_bins
from registry.records import ModelRecord, ResultRecord, ShiftRecord, TaskRecord
from registry.settings import load_settings

CLEAN, SHIFTED = "own@1", "own-c@1"


def model(name: str, sparsity: float) -> ModelRecord:
    method = "dense" if sparsity == 0 else "gmp"
    return ModelRecord(
        slug=name, title=name, owner="us", method=method, architecture="net", sparsity_target=sparsity,
        availability="unknown", parent="net1" if sparsity else None,
    )  # fmt: skip


def task(name: str, kind: Literal["upstream", "shift"], metric: str = "top1@1") -> TaskRecord:
    return TaskRecord(
        name=name, version="1", kind=kind, title=name.upper(), classes=5, n_test=400, primary_metric=metric
    )


def result(
    name: str, on: str, value: float | None, metric: str = "top1@1", condition: str = "", n: int = 400
) -> ResultRecord:
    return ResultRecord(
        model=name, task=on, protocol="as-published@1", metric=metric, value=value, condition=condition, n=n, seed=0,
        missing_reason=None if value is not None else "none",
        no_interval_reason="a test" if value is not None else None,
    )  # fmt: skip


MODELS = {f"net{place}": model(f"net{place}", sparsity) for place, sparsity in enumerate((0.0, 0.0, 0.0, 0.5, 0.9))}
ACCURACIES = {"net0": (0.7, 0.5), "net1": (0.8, 0.62), "net2": (0.9, 0.77), "net3": (0.75, 0.6), "net4": (0.6, 0.1)}


def inputs() -> PlotInputs:
    rows = [result(name, CLEAN, accuracy) for name, (accuracy, _) in ACCURACIES.items()]
    rows += [result(name, SHIFTED, shifted) for name, (_, shifted) in ACCURACIES.items()]
    rows += [result("net4", SHIFTED, 0.1 * s + 0.02 * c, condition=f"c{c}/{s}") for s in range(1, 6) for c in range(4)]
    rows += [result("net4", CLEAN, 0.5, condition="confidence/9", n=40), result("net4", CLEAN, None, "nll@1")]
    rows += [result("net4", CLEAN, 0.57, "mean-confidence@1", "confidence/9", 40)]
    return PlotInputs(
        results=rows,
        tasks={CLEAN: task("own", "upstream"), SHIFTED: task("own-c", "shift")},
        shifts={SHIFTED: ShiftRecord(task=SHIFTED, source_task=CLEAN, regenerated=True, conditions=())},
        models=MODELS,
    )


def by_name() -> dict[str, Plot]:
    return {plot.name: plot for plot in plots_of(inputs())}


def test_there_is_one_picture_of_everything_that_has_numbers() -> None:
    assert sorted(by_name()) == [
        "curve-net-own_1-as_published_1-top1-0",
        "heatmap-net4-own_c_1-as_published_1-0",
        "reliability-net4-own_1-as_published_1-0",
        "robustness-own_c_1",
        "severity-net4-own_c_1-as_published_1-0-top1",
    ]


def test_every_picture_is_well_formed_and_states_its_numbers() -> None:
    for plot in by_name().values():
        root = ElementTree.fromstring(plot.svg)  # noqa: S314 - our own
        assert root.get("role") == "img"
        assert (root.findtext("title") or "").startswith(plot.title)
        assert root.findtext("desc")
        assert json.loads(json.dumps(plot.data))


def test_the_reliability_diagram_is_read_from_the_parts_of_the_test_set() -> None:
    (one,) = reliability_bins(inputs().results)
    assert (one.low, one.high, one.count, one.accuracy, one.confidence) == (8 / 15, 9 / 15, 40, 0.5, 0.57)


def test_boxes_are_quartiles_over_corruptions_and_the_line_is_the_clean_accuracy() -> None:
    data = by_name()["severity-net4-own_c_1-as_published_1-0-top1"].data
    assert data["clean"] == pytest.approx(60.0)
    assert [row["median"] for row in data["severities"]] == pytest.approx([13.0, 23.0, 33.0, 43.0, 53.0])


def test_the_curve_starts_at_the_dense_parent() -> None:
    (line,) = by_name()["curve-net-own_1-as_published_1-top1-0"].data["lines"]
    assert line["method"] == "gmp"
    assert {p["sparsity"]: p["value"] for p in line["points"]} == pytest.approx({0.0: 80.0, 0.5: 75.0, 0.9: 60.0})


def test_without_a_line_of_the_testbed_the_dense_models_are_the_line() -> None:
    data = by_name()["robustness-own_c_1"].data
    assert data["against"] == "zoo"
    line = dense_line(all_pairs(), "logit")
    assert line.n == 3
    above = {point["label"]: point["above"] for point in data["models"]}
    assert above["net4"] == pytest.approx(0.1 - line.expected(0.6).value)
    assert data["line"][0]["accuracy"] == pytest.approx(0.6)


def all_pairs() -> list[Pair]:
    given = inputs()
    return pairs_of(given.results, given.shifts, given.tasks, given.models)


def test_pairs_are_of_one_protocol_and_of_whole_sets() -> None:
    pairs = all_pairs()
    assert {pair.model: (pair.accuracy, pair.shifted) for pair in pairs} == ACCURACIES
    assert {pair.model for pair in pairs if pair.dense} == {"net0", "net1", "net2"}


def test_rows_say_why_there_is_no_number() -> None:
    rows = {(row.pair.model, row.against, row.transform): row for row in robustness_rows(all_pairs())}
    assert len(rows) == 5 * 2 * 2
    for (_, against, _), row in rows.items():
        if against == "testbed":
            assert row.robustness is None
            assert row.missing_reason == "the testbed has no line for own-c"
        else:
            assert row.robustness is not None
    worst = rows["net4", "zoo", "probit"].robustness
    assert worst is not None
    assert worst.beyond_scatter
    assert worst.extrapolated
    alone = robustness_rows([pair for pair in all_pairs() if not pair.dense])
    assert {row.missing_reason for row in alone if row.against == "zoo"} == {
        "a line needs at least 3 models of ordinary training, there are 0"
    }


def test_the_line_of_images_resized_twice_holds_for_no_other_source() -> None:
    pair = Pair("m", "p", None, "imagenet-c@1", 0.76, 0.4, 50_000, None, False, False)
    (logit, _, _, _) = robustness_rows([pair])
    assert logit.missing_reason == "the testbed's line for imagenet-c is of images that were resized once more"
    against, _ = line_for("imagenet-c@testbed", [pair])
    assert against == "testbed"


def test_they_are_written_with_their_numbers(tmp_path: Path) -> None:
    engine = open_catalogue(load_settings({"PRUNARIUM_HOME": str(tmp_path / "home")}))
    assert write_plots(engine, tmp_path / "out") == []
    with pytest.raises(UnknownRecordError):
        write_plots(engine, tmp_path / "out", ["nobody"])
    engine.dispose()


def test_a_line_is_of_one_recipe_and_pattern() -> None:
    def one(slug: str, sparsity: float, pattern: str = "unstructured") -> ModelRecord:
        return replace(model(slug, sparsity), pattern=pattern, parent="net1")

    told = {
        "gmp/net/0.50": (one("gmp/net/0.50", 0.5), 0.7), "gmp/net/0.90": (one("gmp/net/0.90", 0.9), 0.6),
        "gmp/net/0.50-long": (one("gmp/net/0.50-long", 0.5), 0.8),
        "gmp/net/0.90-long": (one("gmp/net/0.90-long", 0.9), 0.75),
        "gmp/net/2of4": (one("gmp/net/2of4", 0.5, "2:4"), 0.1),
        "gmp/net/0.50-long-s1": (one("gmp/net/0.50-long-s1", 0.5), 0.6),
    }  # fmt: skip
    given = PlotInputs(
        results=[result(slug, CLEAN, value) for slug, (_, value) in told.items()] + [result("net1", CLEAN, 0.8)],
        tasks={CLEAN: task("own", "upstream")},
        shifts={},
        models={slug: record for slug, (record, _) in told.items()} | {"net1": MODELS["net1"]},
    )
    (plot,) = [plot for plot in plots_of(given) if plot.name.startswith("curve")]
    lines = {
        line["method"]: {point["sparsity"]: round(point["value"], 6) for point in line["points"]}
        for line in plot.data["lines"]
    }
    assert lines == {
        "gmp": {0.0: 80.0, 0.5: 70.0, 0.9: 60.0}, "2:4": {0.0: 80.0, 0.5: 10.0},
        "long": {0.0: 80.0, 0.5: 70.0, 0.9: 75.0},
    }  # fmt: skip
    assert plot.data["dense"] == 80.0
