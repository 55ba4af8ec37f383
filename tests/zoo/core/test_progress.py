"""Bars are for terminals; elsewhere nothing is written and nothing is lost."""

import io
import sys

import pytest

from zoo.core.progress import counting, counting_bytes, following, track


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


def test_a_log_gets_a_line_for_each_piece_of_news(capsys: pytest.CaptureFixture[str]) -> None:
    with following("Training") as follow:
        for done in range(5, 11):  # goes on after step 4, when the last news was "epoch 1"
            follow(done, 10, f"epoch {done // 4}")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Training goes on after step 4 of 10."
    assert [line.split(",")[0] for line in lines[1:]] == ["Training: epoch 2"]
    assert lines[1].endswith("0:00:00 left")


def test_a_terminal_gets_one_bar_with_the_news(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with following("Training") as follow:
        follow(3, 10, "loss 0.5")
    assert "3/10" in terminal.getvalue()
    assert "loss 0.5" in terminal.getvalue()
    assert capsys.readouterr().out == ""
