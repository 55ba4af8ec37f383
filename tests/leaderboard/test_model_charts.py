"""What a model page draws of one model alone."""

from types import SimpleNamespace
from typing import Any, cast

from leaderboard.catalogue import Catalogue
from leaderboard.model_charts import reliability_diagrams
from registry.records import ResultRecord


def part(task: str, number: int, metric: str, value: float, seed: int = 0) -> ResultRecord:
    return ResultRecord(
        model="m", task=task, protocol="as-published@1", metric=metric, value=value, n=12, seed=seed,
        condition=f"confidence/{number}", no_interval_reason="a test",
    )  # fmt: skip


def drawn(*rows: ResultRecord) -> tuple[str, ...]:
    tasks: Any = {name: SimpleNamespace(title=name.upper()) for name in ("a@1", "b@1")}
    return reliability_diagrams(cast("Catalogue", SimpleNamespace(tasks=tasks)), rows)


def test_there_is_one_diagram_for_each_job_with_parts_by_confidence() -> None:
    pairs = [("a@1", 15, 0), ("a@1", 14, 0), ("a@1", 15, 1), ("b@1", 9, 0)]
    rows = [
        part(task, number, metric, value, seed)
        for task, number, seed in pairs
        for metric, value in (("top1@1", 0.5), ("mean-confidence@1", 0.97))
    ]
    diagrams = drawn(*rows)
    assert len(diagrams) == 3
    assert diagrams[0].count('class="fill"') == 2
    assert "A@1: right in %" in diagrams[0]
    assert "confidence 93 to 100 %: 12 samples, mean confidence 97.0 %, right 50.0 %" in diagrams[0]


def test_without_parts_there_is_none() -> None:
    whole = ResultRecord(
        model="m", task="a@1", protocol="as-published@1", metric="top1@1", value=0.5, no_interval_reason="a test"
    )
    assert drawn(whole) == ()
    assert drawn(part("a@1", 9, "top1@1", 0.5)) == ()  # half a bin is none
