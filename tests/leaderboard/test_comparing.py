"""Models side by side: paired where both have resamples, no mean over what one of them lacks, one answer everywhere."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from site_catalogues import slug_of
from starlette.testclient import TestClient

from leaderboard.catalogue import Catalogue
from leaderboard.compare_query import CompareQuery
from leaderboard.comparing import CellKey, Comparison, cells_of, compare_models
from leaderboard.errors import BadViewError
from leaderboard.flipped import Kept
from registry.records import ResultRecord
from registry.statistics import pack_replicates

DENSE, ACDC, RIGL = "dense/resnet50/0.00", "ac-dc/resnet50/0.90", "rigl/resnet50/0.90"
CELL = ("digits-5-9@1", "linear@1", "top1@1")


def compared(
    catalogue: Catalogue, *names: str, rows: Mapping[CellKey, list[ResultRecord]] | None = None, **given: str
) -> Comparison:
    models = [catalogue.models[name] for name in names]
    cells = cells_of(catalogue, models)
    kept = {(name, *cell): catalogue.whole_cell(name, *cell) for name in names for cell in cells}
    return compare_models(catalogue, CompareQuery(models=names, **given), models, {}, {**kept, **(rows or {})}, Kept())


def test_a_paired_interval_is_that_of_the_differences_of_resamples(full: Catalogue) -> None:
    """Computed here with numpy alone: 2 (a - b) - quantiles of the resamples' differences."""
    generator = np.random.default_rng(3)
    names = slug_of("gmp", 0.98, 0), slug_of("dense", 0.0, 0)
    hard = generator.normal(0, 0.01, 1000)
    rows = {}
    for name in names:
        (row,) = full.whole_cell(name, *CELL)
        drawn = (row.value or 0) + hard + generator.normal(0, 0.001, 1000)
        rows[(name, *CELL)] = [replace(row, replicates=pack_replicates(drawn))]
    found = compared(full, *names, rows=rows)
    assert found.reference == names[1]
    held = next(row.held[names[0]] for row in found.tasks if (row.ref, row.protocol) == CELL[:2])
    (one,), (other,) = rows.values()
    resampled = [np.frombuffer(row.replicates or b"") for row in (one, other)]
    low, high = np.quantile(resampled[0] - resampled[1], [0.025, 0.975])
    difference = (one.value or 0) - (other.value or 0)
    assert held.paired
    assert held.difference.low == pytest.approx(2 * difference - high)
    assert held.difference.high == pytest.approx(2 * difference - low)
    apart = next(row.held[names[0]] for row in compared(full, *names).tasks if (row.ref, row.protocol) == CELL[:2])
    assert not apart.paired
    assert apart.difference.high is not None
    assert apart.difference.high - difference == pytest.approx(0.01 * 2**0.5)  # two intervals of ±1 point
    assert apart.difference.low is not None
    assert difference - apart.difference.low == pytest.approx(0.01 * 2**0.5)


def test_a_mean_is_over_the_tasks_that_all_were_measured_on(reported: Catalogue) -> None:
    whole = compared(reported, DENSE, ACDC).means
    assert [(row.protocol, len(row.tasks), row.left_out) for row in whole] == [
        ("linear@ist2022", 12, ()), ("full@ist2022", 12, ()),
    ]  # fmt: skip
    gone = (ACDC, "pets@ist2022", "linear@ist2022", "mean-per-class@1")
    assert reported.whole_cell(*gone)
    part = compared(reported, DENSE, ACDC, rows={gone: []}).means[0]
    assert len(part.tasks) == 11
    assert part.left_out == (reported.tasks["pets@ist2022"].title,)
    values = [
        1 - next(iter(reported.whole_cell(DENSE, *cell))).value  # type: ignore[operator]
        for cell in cells_of(reported, [reported.models[DENSE]])
        if cell[1] == "linear@ist2022" and cell[0] != "pets@ist2022"
    ]
    assert part.values[DENSE] == pytest.approx(1 - sum(values) / len(values))
    assert compared(reported, ACDC, "dense/alexnet/0.00-robustbench-imagenet-alexnet").means == ()


def test_models_are_told_apart_by_their_labels_and_the_reference_can_be_chosen(full: Catalogue) -> None:
    names = slug_of("gmp", 0.9, 0), slug_of("gmp", 0.9, 1), slug_of("rigl", 0.9, 0)
    found = compared(full, *names, against=names[1])
    labels = [one.label for one in found.models]
    assert labels == [names[0], names[1], "RigL 90 %"]
    assert [one.model.name for one in found.others] == [names[0], names[2]]
    assert all(set(row.held) <= {names[0], names[2]} for row in found.tasks)
    assert [one.runs for one in found.models] == [3, 3, 3]


def test_an_address_says_what_is_compared_and_nothing_else() -> None:
    query = CompareQuery.parse([("models", "a/b,c"), ("models", "c"), ("models", " d "), ("against", "c")])
    assert query == CompareQuery(models=("a/b", "c", "d"), against="c")
    assert query.address(without="c") == "/compare?models=a/b&models=d"
    assert query.address(against="d").endswith("models=d&against=d")
    for pairs in ([("colour", "red")], [("against", "a")]):
        with pytest.raises(BadViewError):
            CompareQuery.parse(pairs)
    with pytest.raises(BadViewError, match="At most 5"):
        CompareQuery.parse([("models", "a,b,c,d,e,f")]).check()


def test_too_many_models_or_one_that_is_none_can_be_left_out(
    clients: dict[str, TestClient], reported: Catalogue
) -> None:
    client, many = clients["reported"], [name for name in reported.models if "/resnet50/" in name][:6]
    answer = client.get("/compare", params={"models": many})
    assert answer.status_code == client.get("/api/v1/compare", params={"models": many}).status_code == 400
    assert "At most 5 models stand side by side, not 6." in answer.text
    assert answer.text.count("leave out") == 6
    left = CompareQuery(models=tuple(many)).address(without=many[0]).replace("&", "&amp;")
    assert f'href="{left}"' in answer.text
    answer = client.get("/compare", params={"models": [DENSE, "dense/resnet5/0.00"]})
    assert answer.status_code == 404
    assert "Perhaps dense/resnet50/0.00" in answer.text
    assert f'<a href="/models/{DENSE}"><code>' in answer.text
    assert 'href="/models/dense/resnet5/0.00"' not in answer.text
    assert answer.text.count("leave out") == 2


def test_page_api_and_files_say_the_same(clients: dict[str, TestClient]) -> None:
    address = f"models={DENSE}&models={ACDC}&models={RIGL}"
    client = clients["reported"]
    answer = client.get(f"/api/v1/compare?{address}").json()
    lines = list(csv.DictReader(io.StringIO(client.get(f"/api/v1/compare.csv?{address}").text)))
    assert answer["against"] == DENSE
    cells = [cell | {"task": task["task"]} for task in answer["tasks"] for cell in task["cells"]]
    assert [(line["task"], line["model"], float(line["value"])) for line in lines] == [
        (cell["task"], cell["model"], cell["value"]) for cell in cells
    ]
    assert pq.read_table(io.BytesIO(client.get(f"/api/v1/compare.parquet?{address}").content)).num_rows == len(lines)
    tex = client.get(f"/api/v1/compare.tex?{address}").text
    assert tex.count(r"\\") == 1 + len(answer["tasks"])
    assert "AC/DC" in client.get(f"/api/v1/compare.bib?{address}").text
    page = client.get(f"/compare?{address}").text
    assert page.count("/tasks/") == len(answer["tasks"])
    assert "No difference is paired" in page
