"""From stored predictions to the numbers of a task: pure, so that all history can be scored again without a GPU."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .metrics import METRICS, Measured, Metric, basic_interval, measure, resampling_seed
from .metrics.cost import Cost
from .ood import detection
from .predictions import Predictions
from .tasks import CostTask, Task

CLASSIFICATION = ("top1", "nll", "brier", "ece15")
AFTER_TEMPERATURE = ("nll-ts", "brier-ts", "ece15-ts")
UNDER_SHIFT = ("top1", "nll")
DETECTION = ("auroc", "fpr95-ood-pos", "fpr95-id-pos", "aupr-in", "aupr-out")
DETECTION_SCORES = ("msp", "energy")
COST = ("bytes", "nonzeros", "flops", "latency-ms")
COST_OF_BATCHES = ("flops-dense", "throughput", "peak-memory", "energy")


class Cell(NamedTuple):
    """One number of one condition (a corruption and severity, a detection score; empty for the whole task)."""

    condition: str
    measured: Measured


def score(task: Task, predictions: Mapping[str, Predictions]) -> list[Cell]:
    """Every number of ``task`` that follows from predictions by condition; they are those read back from the store."""
    seed = resampling_seed(task.id)
    if task.kind == "ood":
        return [
            Cell(
                name,
                measure(METRICS[metric], detection(predictions["inside"], predictions["outside"], name), seed=seed),
            )
            for name in DETECTION_SCORES
            for metric in DETECTION
        ]
    if task.kind == "shift":
        return _score_shift(predictions, seed)
    names = CLASSIFICATION + (AFTER_TEMPERATURE if task.kind == "upstream" else ())
    return [Cell("", measure(METRICS[name], predictions[""], seed=seed)) for name in _with_primary(names, task)]


def score_cost(task: CostTask, cost: Cost) -> list[Cell]:
    """The numbers of a cost task."""
    names = COST if task.throughput is None else COST + COST_OF_BATCHES
    return [Cell("", measure(METRICS[name], cost, seed=resampling_seed(task.id))) for name in names]


def _score_shift(predictions: Mapping[str, Predictions], seed: int) -> list[Cell]:
    """Each metric on each condition, and its plain mean over all conditions under the empty condition."""
    cells = []
    for name in UNDER_SHIFT:
        each = {condition: measure(METRICS[name], given, seed=seed) for condition, given in predictions.items()}
        cells.append(Cell("", mean_over_conditions(METRICS[name], each.values())))
        cells += [Cell(condition, measured) for condition, measured in each.items()]
    return cells


def mean_over_conditions(metric: Metric[Any], measured: Iterable[Measured]) -> Measured:
    """The mean of one metric over conditions of the same images, with a basic bootstrap interval.

    The images are drawn once and seen under every condition, so a replicate of the mean is the mean of the conditions'
    replicates of the same resample. Missing as soon as one condition is.
    """
    each = list(measured)
    values = [entry.value for entry in each if entry.value is not None]
    if len(values) < len(each):
        reason = next(entry.missing_reason for entry in each if entry.value is None)
        return Measured(metric.name, metric.version, missing_reason=f"a condition has no value: {reason}")
    value, n = float(np.mean(values)), each[0].n
    drawn = [entry.replicates for entry in each if entry.replicates is not None]
    if len(drawn) < len(each) or len({entry.n for entry in each}) > 1:
        reason = "the conditions do not show the same resampled images"
        return Measured(metric.name, metric.version, value, n=n, no_interval_reason=reason)
    replicates = np.mean(drawn, axis=0)
    low, high = basic_interval(metric, value, replicates)
    return Measured(
        metric.name,
        metric.version,
        value,
        n=n,
        ci_low=low,
        ci_high=high,
        interval_method="basic-bootstrap",
        replicates=replicates,
    )


def _with_primary(names: tuple[str, ...], task: Task) -> tuple[str, ...]:
    """A task that is judged by mean per-class accuracy gets it beside top-1, never instead."""
    primary = task.primary_metric.rpartition("@")[0]
    return names if primary in names else (primary, *names)
