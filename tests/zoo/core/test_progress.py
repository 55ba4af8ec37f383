"""Bars are for terminals; elsewhere nothing is written and nothing is lost."""

import io
import sys

import pytest

from zoo.core.progress import counting, track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_items_pass_unchanged_and_silently(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([1, 2, 3], "counting")) == [1, 2, 3]
    with counting("counting", 2) as advance:
        advance()
        advance()
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
