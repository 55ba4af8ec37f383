"""Shifts in miniature from the command line: few images, a suite of them alone, vouched for and measured."""

import json
from dataclasses import replace
from typing import Any

import pytest
from benchmark_catalogues import DigitCatalogue

import benchmark.suites
from benchmark.shifts import SHIFTS, PublishedShift
from benchmark.suites import Cell, Suite
from prunarium.cli import run
from zoo.core.imagenet_classes import wordnet_ids

FEW = (1, 11, 111)
"""Classes of ImageNet that have images."""


def names_of(space: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(wordnet_ids()[index] for index in space)


def in_miniature(monkeypatch: pytest.MonkeyPatch, *changed: tuple[str, dict[str, Any]]) -> None:
    """The shifts with fewer images, and a suite of them alone."""
    for name, changes in changed:
        shift = SHIFTS[name]
        assert isinstance(shift, PublishedShift)
        monkeypatch.setitem(SHIFTS._entries, name, replace(shift, per_class=None, **changes))
    cells = tuple(Cell(name, "as-published@1") for name, _ in changed)
    suites = {"mini@1": Suite("mini", "1", "Miniature shifts", cells)}
    monkeypatch.setattr(benchmark.suites, "load_suites", lambda: suites)
    monkeypatch.setattr("benchmark.sync.load_suites", lambda: suites)


def pin(capsys: pytest.CaptureFixture[str], *words: str) -> None:
    """Vouch for what is there, as a user does."""
    assert run(["benchmark", "data", "fetch", *words, "--pin", "--json"]) == 0
    assert all(row["verified"] for row in json.loads(capsys.readouterr().out))


def run_mini(catalogue: DigitCatalogue, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    command = ["benchmark", "run", "--suite", "mini", "--folders", str(catalogue.folders), "--json"]
    assert run(["benchmark", "plan", "--suite", "mini", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    code = run(command)
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert planned["missing"] == report["done"] + len(report["failed"])
    assert code == (1 if report["failed"] else 0)
    return report
