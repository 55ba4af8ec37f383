"""Calibration before and after temperature scaling stands side by side, and nowhere twice."""

import re

from site_catalogues import slug_of
from starlette.testclient import TestClient

from leaderboard.calibration import model_pairs, task_pairs
from leaderboard.catalogue import Catalogue
from leaderboard.pages.model import model_context

SLUG = slug_of("rigl", 0.98, 0)
PAIR = ("nll@1", "nll-ts@1")


def test_a_model_has_its_scaled_metrics_in_pairs(full: Catalogue) -> None:
    pairs = model_pairs(full, full.results_of(SLUG))
    assert [(pair.before.metric, pair.after.metric) for pair in pairs] == [PAIR]
    values = {result.metric: result.value for result in full.results_of(SLUG)}
    assert (pairs[0].before.value, pairs[0].after.value) == (values["nll@1"], values["nll-ts@1"])


def test_paired_metrics_are_left_out_of_the_other_results(full: Catalogue) -> None:
    context = model_context(full, full.models[SLUG], None, [])
    assert not {line.metric for line in context.others} & set(PAIR)
    assert "ece15@1" in {line.metric for line in context.others}


def test_a_task_has_a_row_of_pairs_for_every_board_row(full: Catalogue) -> None:
    (rows,) = task_pairs(full, "digits-0-4@1").values()
    assert [pairs[0].before.model.sparsity_target for pairs in rows] == [0.0, 0.9, 0.9, 0.9, 0.98, 0.98, 0.98]
    assert {tuple((pair.before.metric, pair.after.metric) for pair in pairs) for pairs in rows} == {(PAIR,)}
    assert task_pairs(full, "digits-5-9@1") == {}


def test_both_pages_show_both_values(clients: dict[str, TestClient]) -> None:
    for address in ("/tasks/digits-0-4@1", f"/models/{SLUG}"):
        page = clients["full"].get(address).text
        assert re.search(r"Calibration.*before.*after", page, re.DOTALL | re.IGNORECASE), address
