"""The columns beside the two sides: what a checkpoint was, cost, and did upstream."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.records import MetricRecord, ResultRecord

from .catalogue import Catalogue, Entry
from .changes import mean_over_replicates
from .formats import bytes_of, count_of, decimals_earned, decimals_for, large, number, percent
from .sides import FactColumn

_COUNTED = ("count", "parameters", "operations per image")
_LARGE = ("multiply-adds",)


@dataclass(frozen=True)
class Fact:
    """A value for sorting, its text, its spread or source in small type; ``missing`` says why there is none."""

    value: float | None
    text: str
    small: str
    missing: str | None = None


def entry_facts(
    catalogue: Catalogue, entry: Entry, columns: Sequence[FactColumn], trusted: Sequence[str] | None
) -> dict[str, Fact]:
    """The facts of a row, by column key."""
    model = entry.model
    own = {
        "top1": _upstream(entry),
        "epochs": _stated(model.training_epochs, "{:.4g}".format),
        "training-flops": _stated(model.training_flops, large),
        "bytes": _stated(catalogue.sizes.get(model.name), bytes_of, "no file is published"),
        "runs": _stated(len(entry.models), str),
    }
    return {
        column.key: _measured(catalogue, entry, column, trusted) if column.task else own[column.key]
        for column in columns
    }


def format_metric(value: float, metric: MetricRecord | None, half: float | None = None) -> str:
    """A value in its metric's unit: fractions as per cent, bytes and counts shortened."""
    unit = metric.unit if metric is not None else ""
    if unit == "fraction":
        return percent(value, decimals_for(None if half is None else half * 100))
    if unit == "bytes":
        return bytes_of(value)
    if unit in _LARGE:
        return large(value)
    if unit in _COUNTED:
        return count_of(value)
    return number(value, decimals_earned(half, 3 if abs(value) < 10 else 1))


def _upstream(entry: Entry) -> Fact:
    values = [model.upstream_top1 for model in entry.models if model.upstream_top1 is not None]
    if not values:
        return Fact(None, "–", "", "not stated")
    mean = sum(values) / len(values)
    return Fact(mean, percent(mean), "", None)


def _stated(value: float | None, text: Callable[[Any], str], missing: str = "not stated") -> Fact:
    return Fact(None, "–", "", missing) if value is None else Fact(value, text(value), "")


def _measured(catalogue: Catalogue, entry: Entry, column: FactColumn, trusted: Sequence[str] | None) -> Fact:
    metric = catalogue.metrics.get(column.metric)
    per_model: list[float] = []
    reasons: list[str] = []
    results: list[ResultRecord] = []
    for model in entry.models:
        found = [
            result
            for result in catalogue.cell(model.name, column.task, column.protocol, column.metric)
            if trusted is None or result.trust in trusted
        ]
        # A shift with a value of its own for the whole set is not averaged again over its conditions.
        whole = [result for result in found if not result.condition] or found
        values = [result.value for result in whole if result.value is not None]
        reasons += [result.missing_reason for result in whole if result.missing_reason]
        results += whole
        if values:
            per_model.append(sum(values) / len(values))
    if len(per_model) < len(entry.models):
        return Fact(None, "–", "", reasons[0] if reasons else "not measured")
    half = _half(per_model, results)
    value = sum(per_model) / len(per_model)
    return Fact(value, format_metric(value, metric, half), f"±{format_metric(half, metric, half)}" if half else "")


def _half(per_model: Sequence[float], results: Sequence[ResultRecord]) -> float | None:
    """Half width over replicates, else of the only result's interval."""
    if len(per_model) > 1:
        return mean_over_replicates(per_model).half
    if len(results) == 1 and results[0].ci_low is not None and results[0].ci_high is not None:
        return (results[0].ci_high - results[0].ci_low) / 2
    return None
