"""Tables that fit, and what is printed where there is nothing to show."""

import pytest

from zoo.core.console import emit_table

COLUMNS = {"name": "model", "note": "note"}


def test_a_table_shows_every_row_and_a_dash_for_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table("2 models", [{"name": "a", "note": 1}, {"name": "b", "note": None}], COLUMNS)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["2", "models"]
    assert ["a", "│", "1"] in lines
    assert ["b", "│", "–"] in lines


def test_without_rows_there_is_a_title_and_no_empty_table(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table("0 models", [], COLUMNS)
    assert capsys.readouterr().out == "0 models\n"


def test_news_that_nobody_reads_line_by_line_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    emit_table("3 models", [{"name": str(number)} for number in range(3)], {"name": "model"}, at_most=1)
    assert "and 2 more" in capsys.readouterr().out
