"""The measurement of the site on a few models, and its page. No time is judged here."""

from collections.abc import Iterable

import pytest
from large_catalogues import large_catalogue

from tests.speed import site_times
from tests.speed.machine import Machine
from tests.speed.site_report import site_page, site_row
from tests.speed.site_times import Figure, board, served

MACHINE = Machine("2026-01-01", "a processor", 2, 2, 8.0, "Linux", "3.11", {"torch": "2"}, 1.0, 0.5)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Figure]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_times, "MODELS", (20,))
        patch.setattr(site_times, "ROWS", {20: (100,)})
        patch.setattr(site_times, "REQUESTS", 2)
        patch.setattr(site_times, "CHANGES", 1)
        patch.setattr(site_times, "COMPARED", ("dense/resnet50/0.00", "method-00/resnet50/0.80"))
        engine = large_catalogue(tmp_path_factory.mktemp("site") / "20.sqlite", 20)
        found = list(served(engine, 20))
        engine.dispose()
    return found


def test_each_request_of_a_board_is_a_page_with_every_row(figures: list[Figure]) -> None:
    times = {figure.what: len(figure.amounts) for figure in figures if figure.unit == "ms"}
    assert list(times.values()) == [1, 1, 2, 2]
    (size,) = (figure for figure in figures if figure.unit == "kB")
    assert min(size.amounts) > 5  # a page that says why it has no rows is shorter
    assert {figure.goal for figure in figures} == {None, 50, 60}


def test_another_filter_is_another_address() -> None:
    assert board(100, q="epochs>=1") != board(100, q="epochs>=2")
    assert board(100) == "/?architecture=all&sparsity=all&rows=100"


def test_the_page_has_the_middle_the_range_and_the_promise() -> None:
    figure = Figure(500, "A board", "ms", (30.0, 47.31, 1467.2), goal=50)
    assert site_row(figure) == "| 500 | A board | **47.3 ms** | 30.0 – 1,467 | 3 | below 50 ms |"
    missing = Figure(2000, "A sort", "ms", (), missing="needs Chromium")
    text = site_page(MACHINE, [figure, missing])
    assert "| 2,000 | A sort | – | not measured: needs Chromium | 0 |  |" in text
    assert "The machine was busy" in text
