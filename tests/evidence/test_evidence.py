"""The generator of docs/methods.md: its plan, its statistics, its processes, and the page that it wrote."""

import csv
import re
from itertools import product
from pathlib import Path

import pytest
import torch
from scipy import stats

from tests.evidence import run_key, stored
from tests.evidence.forked import in_a_process
from tests.evidence.methods_page import facts_table, page
from tests.evidence.published import FILE, ROWS, reported
from tests.evidence.run_key import (
    ARCHITECTURES,
    DIGITS,
    EQUAL_BUDGET,
    IMAGENET_SIZE,
    SEEDS,
    TARGETS,
    RunKey,
    left_out,
    planned,
)
from tests.evidence.seeds import over_seeds, verdict
from zoo.methods import METHODS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"


def test_every_registered_method_is_planned_for_everything() -> None:
    runs = set(planned())
    pruning = [name for name in METHODS if name != "dense" and name not in left_out(DIGITS)]
    for name, architecture, target, seed in product(pruning, ARCHITECTURES, TARGETS, SEEDS):
        assert RunKey(DIGITS, architecture, name, target, seed) in runs
    assert {run.method for run in runs if run.kind == IMAGENET_SIZE} == set(METHODS) - set(left_out(IMAGENET_SIZE))
    assert len({run.id for run in runs}) == len(runs)


def test_equal_budgets_are_equal() -> None:
    """The same parents, training and schedule: what differs is the score alone."""
    runs = [run for run in planned() if run.kind == EQUAL_BUDGET]
    assert {(run.architecture, run.method, run.target, run.seed) for run in runs} == set(
        product(ARCHITECTURES, ("gmp", "laplace-snr", "obd", "block-fisher"), TARGETS, SEEDS)
    )
    for run in runs:
        recipe, parent = run.recipe, RunKey(DIGITS, run.architecture, "dense", 0.0, run.seed)
        assert run.parent == parent
        assert run.settings["parent"] == parent.settings["train"]
        assert recipe.train == RunKey(EQUAL_BUDGET, run.architecture, "gmp", run.target, run.seed).recipe.train
        schedule = recipe.method.config.schedule(run.target, 140)
        assert (schedule.begin, schedule.end, schedule.every, schedule.initial) == (0, 83, 10, 0.0)


def test_what_is_left_out_is_a_method_and_the_page_says_why() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for kind in (DIGITS, IMAGENET_SIZE):
        for name, reason in left_out(kind).items():
            assert name in METHODS
            assert f"`{name}`: {reason}" in text


def test_other_settings_are_another_run(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunKey(DIGITS, ARCHITECTURES[0], "gmp", 0.9, 0)
    others = {run.id, RunKey(DIGITS, ARCHITECTURES[0], "gmp", 0.9, 1).id}
    document = {"shared": {"epochs": 10}, "methods": {"gmp": {"config": {"updates": 3}}}}
    monkeypatch.setattr(run_key, "_document", lambda _kind: document)
    assert run.id not in others


def test_intervals_are_students() -> None:
    values = [0.93, 0.95, 0.90]
    found = over_seeds(values)
    assert found is not None
    low, high = stats.t.interval(0.95, 2, loc=sum(values) / 3, scale=stats.sem(values))
    assert (found.value - (found.half_width or 0), found.value + (found.half_width or 0)) == pytest.approx(
        (low, high), 1e-3
    )
    assert over_seeds([]) is None
    assert over_seeds([0.5]) == (0.5, None, 1)


def test_a_method_is_above_another_only_where_the_seeds_agree() -> None:
    assert verdict({0: 0.9, 1: 0.91, 2: 0.92}, {0: 0.8, 1: 0.81, 2: 0.82}) == "above"
    assert verdict({0: 0.8, 1: 0.81}, {0: 0.9, 1: 0.91, 2: 0.92}) == "below"
    assert verdict({0: 0.9, 1: 0.7, 2: 0.8}, {0: 0.7, 1: 0.9, 2: 0.8}) == "same"
    assert verdict({0: 0.9}, {0: 0.8}) is None


def test_a_process_has_a_peak_of_its_own() -> None:
    def work() -> dict[str, float]:
        return {"sum": float(torch.ones(48 * 2**20).sum())}  # 192 MiB

    answer, cost = in_a_process(work)
    _, idle = in_a_process(dict)
    assert answer == {"sum": 48.0 * 2**20}
    assert cost.peak_bytes - idle.peak_bytes > 150 * 2**20
    assert cost.cpu_seconds > 0
    with pytest.raises(RuntimeError, match="ended with status 1"):
        in_a_process(lambda: {"never": 1 / 0})


def test_reported_numbers_come_from_the_file() -> None:
    with FILE.open(encoding="utf-8", newline="") as lines:
        known = {row["method"] for row in csv.DictReader(lines) if row["backbone"] == "ResNet50"}
    assert set(ROWS.values()) <= known
    assert set(ROWS) <= set(METHODS)
    found = reported("rigl", 0.9)
    assert found is not None
    assert (found.top1, found.dense) == (73.07, "76.8")
    assert reported("random", 0.9) is None
    assert reported("magnitude", 0.9) is None


def test_an_interrupted_report_goes_on_and_drops_what_is_no_longer_planned(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    facts = {"kind": DIGITS, "architecture": "a", "target": 0.9, "seed": 0}
    for name in ("b", "a", "old"):
        stored.append({**facts, "id": name, "method": name}, file)
    with file.open("a") as lines:
        lines.write('{"id": "half')
    answers = stored.read(file)
    assert set(answers) == {"a", "b", "old"}
    stored.keep(answers, {"a", "b"}, file)
    assert list(stored.read(file)) == ["a", "b"]


def rows(text: str) -> dict[str, set[str]]:
    """Table rows by method, without those of the facts, which change with the code."""
    found: dict[str, set[str]] = {}
    for line in text[text.index("## Digits") :].splitlines():
        if match := re.match(r"\| `([a-z0-9-]+)` \|", line):
            found.setdefault(match[1], set()).add(line)
    return found


def test_the_page_says_what_its_runs_say() -> None:
    again = rows(page(list(stored.read().values()), 0))
    shown = rows(PAGE.read_text(encoding="utf-8"))
    assert len(shown) > 20
    for method, lines in shown.items():
        assert lines == again[method], method


def test_facts_of_a_method_are_one_row() -> None:
    table = facts_table(METHODS)
    assert len(table) == len(METHODS) + 2
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
