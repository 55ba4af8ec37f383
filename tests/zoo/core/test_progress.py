"""Bars are for terminals; elsewhere nothing is written and nothing is lost."""

import io
import sys

import pytest

from zoo.core.progress import counting, counting_bytes, track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_items_pass_unchanged_and_silently(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([1, 2, 3], "counting")) == [1, 2, 3]
    with counting("counting", 2) as advance:
        advance()
        advance()
    with counting_bytes("counting") as report:
        report(1, 2)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_terminal_gets_a_bar_on_stderr(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with counting("Evaluating", 2) as advance:
        advance()
    assert list(track([1, 2], "Training")) == [1, 2]
    assert "Evaluating" in terminal.getvalue()
    assert "Training" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_bytes_that_are_expected_and_those_that_came_share_one_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with counting_bytes("Pulling") as report:
        report(0, 3_000_000)
        report(500_000, 0)
        report(0, 1_000_000)
        report(1_500_000, 0)
    assert "2.0/4.0 MB" in terminal.getvalue()
