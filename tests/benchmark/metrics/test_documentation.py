"""docs/metrics.md says what the code does: one row a metric, a score and a corruption, word for word."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.corruptions import CORRUPTIONS, Corruption
from benchmark.metrics import METRICS, Metric
from benchmark.ood import SCORES, Score
from registry.effective_robustness import SHIFTS, TRANSFORMS, stored_fit

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()


def row(metric: Metric[Any]) -> str:
    """The line of the page that a metric must have; a new metric's line can be pasted from the failing test."""
    bounds = f"{'−∞' if metric.lower_bound is None else f'{metric.lower_bound:g}'} … " + (
        "∞" if metric.upper_bound is None else f"{metric.upper_bound:g}"
    )
    interval = metric.interval.value if metric.no_interval_reason is None else f"none: {metric.no_interval_reason}"
    definition = metric.definition.replace("|", "\\|")  # a bar ends a cell
    return (
        f"| `{metric.name}@{metric.version}` | {definition} | {metric.unit}, {bounds} | {metric.direction} | "
        f"{interval} | {metric.source} | {metric.pitfalls} |"
    )


def score_row(score: Score) -> str:
    return f"| `{score.name}` | {score.title}: {score.definition} | {score.source} |"


def corruption_row(corruption: Corruption) -> str:
    small, large = (" · ".join(f"{value:g}" for value in scale) for scale in (corruption.small, corruption.large))
    return f"| `{corruption.name}` | {corruption.title} | {corruption.meaning} | {small} | {large} |"


def lines() -> list[str]:
    return PAGE.splitlines()


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_has_its_row(name: str) -> None:
    assert row(METRICS[name]) in lines()


@pytest.mark.parametrize("name", list(SCORES))
def test_every_score_has_its_row(name: str) -> None:
    assert score_row(SCORES[name]) in lines()


@pytest.mark.parametrize("name", list(CORRUPTIONS))
def test_every_corruption_has_its_row(name: str) -> None:
    assert corruption_row(CORRUPTIONS[name]) in lines()


def test_no_row_is_of_something_that_is_gone() -> None:
    known = [row(metric) for _, metric in METRICS.items()]
    known += [score_row(score) for _, score in SCORES.items()]
    known += [corruption_row(corruption) for _, corruption in CORRUPTIONS.items()]
    assert [line for line in lines() if line.startswith("| `") and line not in known] == []


@pytest.mark.parametrize("shift", SHIFTS)
def test_every_stored_line_is_on_the_page(shift: str) -> None:
    logit, probit = (stored_fit(shift, transform) for transform in TRANSFORMS)
    for one, other in ((logit.below, probit.below), (logit.above, probit.above)):
        if one is not None and other is not None:
            numbers = [f"{a:.5f}, {b:.5f}".replace("-", "−") for a, b in
                       ((one.slope, one.intercept), (other.slope, other.intercept))]  # fmt: skip
            assert any(f"| {SHIFTS[shift][0]} | {one.n} | {numbers[0]} | {numbers[1]} |" in line for line in lines())
