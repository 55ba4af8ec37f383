"""Suites are read strictly, and name only what exists."""

import pytest

from benchmark.protocols import PROTOCOLS
from benchmark.suites import Cell, SuiteFileError, find_suite, load_suites, parse_suites
from benchmark.tasks import find_task
from zoo.core.errors import UsageError

GOOD = """
["s@1"]
title = "S"
cells = [{ tasks = ["a@1", "b@1"], protocols = ["p@1", "q@1"], seeds = [0, 1] }]
"""


def test_an_entry_stands_for_every_pair() -> None:
    cells = parse_suites(GOOD)["s@1"].cells
    assert cells == tuple(Cell(task, protocol, (0, 1)) for protocol in ("p@1", "q@1") for task in ("a@1", "b@1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace('"s@1"', '"s"'), "'s' is not name@version"),
        (GOOD.replace('title = "S"', ""), r"lacks \['title'\]"),
        (GOOD.replace("seeds", "seed"), r"unknown fields \['seed'\]"),
        (GOOD.replace('["a@1", "b@1"]', '["a@1", "a@1"]'), "lists a cell twice"),
        (GOOD.replace("[0, 1]", "[]"), "seeds are integers"),
        (GOOD.replace("[0, 1]", '["0"]'), "seeds are integers"),
    ],
)
def test_malformed_suites_are_refused(text: str, message: str) -> None:
    with pytest.raises(SuiteFileError, match=message):
        parse_suites(text)


def test_every_cell_is_possible() -> None:
    for suite in load_suites().values():
        for cell in suite.cells:
            assert find_task(cell.task).kind in PROTOCOLS[cell.protocol].facts.task_kinds, (suite.id, cell)


def test_a_suite_has_one_protocol_of_each_kind_on_transfer_tasks() -> None:
    """Two of one kind would share the column of a board, and its mean."""
    for suite in load_suites().values():
        protocols = {cell.protocol for cell in suite.cells if find_task(cell.task).kind == "transfer"}
        kinds = [PROTOCOLS[protocol].facts.kind for protocol in protocols]
        assert len(kinds) == len(set(kinds)), suite.id


def test_a_suite_is_found_by_name_or_id() -> None:
    assert find_suite("digits-demo") is find_suite("digits-demo@1")


def test_an_unknown_suite_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="no suite 'digit-demo'") as caught:
        find_suite("digit-demo")
    assert caught.value.hint in ("Did you mean 'digits-demo'?", "Did you mean 'digits-demo@1'?")
