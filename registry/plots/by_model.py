"""Pictures of one model: is it right as often as it says, and how does it fare under corruption?"""

from collections.abc import Iterator, Sequence

from ..charts import ReliabilityBin, corruption_heat_map, reliability_diagram, severity_boxes
from ..records import ResultRecord
from ..statistics import quartiles_by_severity
from .pictures import Plot, PlotInputs, file_name

BINS = 15
ACCURACY, CONFIDENCE = "top1@1", "mean-confidence@1"
SPREAD = {"top1@1": ("Accuracy", 100.0, "%"), "ece15@1": ("Calibration error", 100.0, "%"),
          "nll@1": ("Negative log-likelihood", 1.0, "nats"), "brier@1": ("Brier score", 1.0, "")}  # fmt: skip


def reliability_bins(rows: Sequence[ResultRecord]) -> list[ReliabilityBin]:
    """The bins of one job, from its results under ``confidence/1`` to ``confidence/15``; empty ones are left out."""
    values = {
        (row.condition, row.metric): row
        for row in rows
        if row.condition.startswith("confidence/") and row.metric in (ACCURACY, CONFIDENCE) and row.value is not None
    }
    bins = []
    for number in range(1, BINS + 1):
        right, sure = (values.get((f"confidence/{number}", metric)) for metric in (ACCURACY, CONFIDENCE))
        if right is not None and sure is not None and right.value is not None and sure.value is not None:
            bins.append(ReliabilityBin((number - 1) / BINS, number / BINS, right.n or 0, sure.value, right.value))
    return bins


def reliability_diagrams(inputs: PlotInputs, model: str, rows: Sequence[ResultRecord]) -> Iterator[Plot]:
    """One for each job that has bins."""
    for (task, protocol, seed), own in _jobs(rows).items():
        if bins := reliability_bins(own):
            title = "Right in %, over confidence in %"
            data = {
                "model": model, "task": task, "protocol": protocol, "seed": seed,
                "bins": [
                    {"above": one.low, "upto": one.high, "images": one.count, "confidence": one.confidence,
                     "accuracy": one.accuracy}
                    for one in bins
                ],
            }  # fmt: skip
            name = file_name("reliability", model, task, protocol, str(seed))
            yield Plot(name, title, (model, inputs.title_of(task)), data, reliability_diagram(bins, title))


def heat_maps(inputs: PlotInputs, model: str, rows: Sequence[ResultRecord]) -> Iterator[Plot]:
    """Accuracy by corruption and severity, one for each job on a shift that has both."""
    for (task, protocol, seed), own in _jobs(rows).items():
        values = _by_condition(own, ACCURACY) if task in inputs.shifts else {}
        if not values:
            continue
        cells = {(name, int(severity)): value for (name, severity), value in _split(values).items()}
        title = "Accuracy in %"
        svg = corruption_heat_map(
            cells, list(dict.fromkeys(name for name, _ in cells)), sorted({severity for _, severity in cells}), title
        )
        data = {
            "model": model, "task": task, "protocol": protocol, "seed": seed, "metric": ACCURACY,
            "cells": [{"corruption": name, "severity": s, "value": value} for (name, s), value in cells.items()],
        }  # fmt: skip
        name = file_name("heatmap", model, task, protocol, str(seed))
        yield Plot(name, title, (model, inputs.title_of(task)), data, svg)


def severity_plots(inputs: PlotInputs, model: str, rows: Sequence[ResultRecord]) -> Iterator[Plot]:
    """Quartiles over corruptions severity by severity, of accuracy, likelihood, Brier score and calibration error."""
    for (task, protocol, seed), own in _jobs(rows).items():
        if task not in inputs.shifts:
            continue
        clean = _whole_of(rows, inputs.shifts[task].source_task, protocol, seed)
        for metric, (words, factor, unit) in SPREAD.items():
            boxes = quartiles_by_severity({c: v * factor for c, v in _by_condition(own, metric).items()})
            if not boxes:
                continue
            start = None if clean.get(metric) is None else clean[metric] * factor
            title = f"{words}{f' in {unit}' if unit else ''}, over corruptions"
            data = {
                "model": model, "task": task, "protocol": protocol, "seed": seed, "metric": metric, "unit": unit,
                "clean": start,
                "severities": [{"severity": severity, **box._asdict()} for severity, box in boxes.items()],
            }  # fmt: skip
            svg = severity_boxes(title, boxes, clean=start, high=100.0 if metric == "top1@1" else None, unit=unit)
            name = file_name("severity", model, task, protocol, str(seed), metric.partition("@")[0])
            yield Plot(name, title, (model, inputs.title_of(task)), data, svg)


def _jobs(rows: Sequence[ResultRecord]) -> dict[tuple[str, str, int | None], list[ResultRecord]]:
    jobs: dict[tuple[str, str, int | None], list[ResultRecord]] = {}
    for row in rows:
        jobs.setdefault((row.task, row.protocol, row.seed), []).append(row)
    return jobs


def _by_condition(rows: Sequence[ResultRecord], metric: str) -> dict[str, float]:
    """Values under ``name/severity``."""
    return {
        row.condition: row.value
        for row in rows
        if row.metric == metric and row.value is not None and row.condition.rpartition("/")[2].isdigit()
    }


def _split(values: dict[str, float]) -> dict[tuple[str, str], float]:
    return {(c.rpartition("/")[0], c.rpartition("/")[2]): value for c, value in values.items()}


def _whole_of(rows: Sequence[ResultRecord], task: str, protocol: str, seed: int | None) -> dict[str, float]:
    return {
        row.metric: row.value
        for row in rows
        if (row.task, row.protocol, row.seed) == (task, protocol, seed) and not row.condition and row.value is not None
    }
