"""Robustness on one shift: the numbers of the registry, every model once, and the same for programs."""

import csv
import io

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from leaderboard.catalogue import Catalogue
from leaderboard.robustness import robustness_on, shift_lines
from registry.effective_robustness import pairs_of, robustness_rows

SHIFTS = ("cifar10.1@robustnets", "imagenet-v2-matched-frequency@timm", "imagenet-a@testbed")


@pytest.mark.parametrize("shift", SHIFTS)
def test_every_model_has_the_registrys_number(reported: Catalogue, shift: str) -> None:
    found = robustness_on(reported, shift)
    assert found is not None
    assert found.plot is not None
    pairs = pairs_of(reported.results, reported.shifts, reported.tasks, reported.models)
    mine = [pair for pair in pairs if pair.shift == shift]
    against = "zoo" if found.line.endswith("training here") else "testbed"
    rows = {row.pair: row for row in robustness_rows(mine[:40]) if (row.against, row.transform) == (against, "logit")}
    shown = {one.pair: one for one in found.models}
    assert len(shown) == len(mine) == len(found.models)
    if against == "testbed":  # the line of the catalogue's own models needs all of them, which takes its time
        assert all(shown[pair].robustness == row.robustness for pair, row in rows.items())
    if found.few:  # a line through three models is nothing to go by
        values = [-one.change.value for one in found.models if one.change is not None]
        changes = [-one.change for one in found.methods if one.change is not None]
        assert changes == sorted(changes, reverse=True) != []
        assert all(one.pair.dense for one in found.models[len(values) :])
    else:
        values = [one.robustness.value for one in found.models if one.robustness is not None]
    assert values == sorted(values, reverse=True) != []
    assert found.few == (shift == "cifar10.1@robustnets")
    assert sum(one.n for one in found.methods) == sum(not one.pair.dense for one in found.models)


def test_page_and_files_hold_the_same_models(clients: dict[str, TestClient], reported: Catalogue) -> None:
    client, line = clients["reported"], shift_lines(reported)[0]
    assert line.pruned > 400
    answer = client.get("/api/v1/robustness").json()
    assert answer["shift"] == line.ref
    lines = list(csv.DictReader(io.StringIO(client.get("/api/v1/robustness.csv").text)))
    assert [one["model"] for one in lines] == [one["model"] for one in answer["models"]]
    assert pq.read_table(io.BytesIO(client.get("/api/v1/robustness.parquet").content)).num_rows == len(lines)
    assert client.get("/api/v1/robustness.tex").text.count(r"\\") == 1 + len(lines)
    first, last = client.get("/robustness").text, client.get("/robustness?offset=400").text
    assert f'href="/models/{lines[0]["model"]}"' in first
    assert f'href="/models/{lines[-1]["model"]}"' in last
    assert 'rel="next"' in first
    assert 'rel="next"' not in last


def test_without_numbers_the_page_says_what_to_run(clients: dict[str, TestClient]) -> None:
    empty = clients["empty"].get("/robustness").text
    assert "prunarium benchmark campaign list" in empty
    assert clients["empty"].get("/api/v1/robustness").status_code == 404
    # The digits' shift has parts alone, no accuracy of the whole set.
    assert "Not measured on a pruned model yet" in clients["full"].get("/robustness").text


def test_a_line_is_of_models_that_were_not_trained_against_shifts(reported: Catalogue) -> None:
    found = robustness_on(reported, "cifar10-c@robustnets")
    assert found is not None
    assert found.line == "3 dense models of ordinary training here"
    of = {one.model.name: one for one in found.models}
    clean, augmented = (of[f"dense/robustnets-resnet18/0.00-{end}"].robustness for end in ("clean", "augmix"))
    assert clean is not None
    assert augmented is not None
    assert clean.low < 0 < clean.high
    assert augmented.low > 0.1, "AugMix is what the line must not have seen"
    robust = robustness_on(reported, "cifar10-c@robustbench")
    assert robust is not None
    assert not robust.line
    assert {one.missing for one in robust.models} == {
        "a line needs at least 3 models of ordinary training, there are 1"
    }
    shifted = [one.pair.shifted for one in robust.models]
    assert shifted == sorted(shifted, reverse=True)


def test_pruned_models_stand_beside_their_dense_parents(clients: dict[str, TestClient], reported: Catalogue) -> None:
    rows = {row["model"]: row for row in clients["reported"].get("/api/v1/robustness").json()["models"]}
    changes = []
    for name, row in rows.items():
        parent = reported.models[name].parent
        if parent is not None:
            assert row["change"] == pytest.approx(rows[parent]["shifted"] - row["shifted"])
            changes.append(row["change"])
        else:
            assert row["change"] is None
    better, worse = sum(one < 0 for one in changes), sum(one > 0 for one in changes)
    page = clients["reported"].get("/robustness").text
    heading = f"{better} of {len(changes)} pruned models do better than their dense parents, {worse} worse."
    assert f"{heading} No value has an interval.</h1>" in page
    assert better > 100
    told = clients["reported"].get("/robustness?shift=cifar10.1@robustnets").text
    assert "cannot be told apart.</h1>" in told


def test_a_model_with_several_results_says_which_is_which(clients: dict[str, TestClient]) -> None:
    page = clients["reported"].get("/robustness?shift=imagenet-r@timm").text
    assert "results of 115 models" in page
    assert "as-published@timm-288" in page
    assert "as-published@" not in clients["reported"].get("/robustness?shift=imagenet-r@testbed").text
