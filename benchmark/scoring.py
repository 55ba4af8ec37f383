"""From stored predictions to the numbers of a task: pure, so that all history can be scored again without a GPU."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .metrics import METRICS, Measured, Metric, basic_interval, measure, resampling_seed
from .metrics._bins import right_closed_bins
from .metrics._metric import Interval
from .metrics.calibration_error import BINS
from .metrics.corruption_error import Mistakes
from .metrics.cost import Cost
from .ood import SCORES, detection, missing_score
from .predictions import Predictions, ranks_of_all
from .shifts import CLEAN, ShiftTask
from .tasks import CostTask, OpenOodTask, Task, UpstreamTask

CLASSIFICATION = ("top1", "nll", "brier", "ece15", "ks-error", "debiased-rmsce15")
UPSTREAM = (
    *CLASSIFICATION, "top5", "rmsce15", "mce15", "adaptive-ece15", "debiased-ece15", "classwise-ece15",
    "classwise-adaptive-ece15", "thresholded-adaptive-ece15", "uce15", "uce15-scaled", "uce8-mohan", "aurra",
    "mean-confidence", "predictive-entropy", "mutual-information", "nll-ts", "brier-ts", "ece15-ts",
)  # fmt: skip
UNCERTAINTY = ("predictive-entropy", "mutual-information", "uce15")
RANKS = {"labels", "true_rank"}
AFTER_TEMPERATURE = {"nll": "nll-ts", "brier": "brier-ts", "ece15": "ece15-ts"}
IN_BINS = ("top1", "mean-confidence")
DETECTION = ("auroc", "fpr95-ood-pos", "fpr95-id-pos", "aupr-in", "aupr-out")
COST = ("bytes", "nonzeros", "flops", "latency-ms")
COST_OF_BATCHES = ("flops-dense", "throughput", "peak-memory", "energy")


class Cell(NamedTuple):
    """One number of one condition (a corruption and severity, a detection score; empty for the whole task)."""

    condition: str
    measured: Measured


def score(task: Task, predictions: Mapping[str, Predictions]) -> list[Cell]:
    """Every number of ``task`` that follows from predictions by condition; they are those read back from the store."""
    seed = resampling_seed(task.id)
    if isinstance(task, OpenOodTask):
        return _score_group(task, predictions, seed)
    if task.kind == "ood":
        return _score_detection(predictions["inside"], predictions["outside"], seed)
    if isinstance(task, ShiftTask):
        return _score_shift(task, predictions, seed)
    if isinstance(task, UpstreamTask):
        return _score_upstream(task, predictions, seed)
    return [
        Cell("", measure(METRICS[name], predictions[""], seed=seed)) for name in _with_primary(CLASSIFICATION, task)
    ]


def _score_upstream(task: UpstreamTask, predictions: Mapping[str, Predictions], seed: int) -> list[Cell]:
    """Every metric of the test images, and a reliability diagram.

    Where the temperature was fitted on some of them, a metric that reads nothing but ranks, which no temperature
    changes, is still of all.
    """
    tested = predictions[""]
    everybody = ranks_of_all([tested, predictions["validation"]]) if task.fitting_fraction else tested
    cells = [
        Cell("", measure(metric, everybody if set(metric.needs) <= RANKS else tested, seed=seed))
        for metric in (METRICS[name] for name in _with_primary(UPSTREAM, task))
    ]
    return cells + reliability(tested, seed)


def reliability(predictions: Predictions, seed: int) -> list[Cell]:
    """A reliability diagram as numbers: accuracy and confidence of the images in each of the 15 bins of ece15.

    The conditions are ``confidence/1`` to ``confidence/15``; a bin without images has none. Other models have other
    images there, so that there is nothing to pair and no replicates are kept.
    """
    bins = right_closed_bins(predictions.samples.columns.confidence(), BINS)
    parts = {number: predictions.taken(np.flatnonzero(bins == number)) for number in np.unique(bins)}
    return [
        Cell(f"confidence/{number + 1}", replace(measure(METRICS[name], part, seed=seed), replicates=None))
        for number, part in parts.items()
        for name in IN_BINS
    ]


def _score_group(task: OpenOodTask, predictions: Mapping[str, Predictions], seed: int) -> list[Cell]:
    """Each set of the group (condition ``energy/ninco``), and the plain mean over them (``energy``).

    The known images are the same beside every set: a resample draws them once, and the images of each set by
    themselves, so that a replicate of the mean is the mean of the sets' replicates.
    """
    inside, cells = predictions["inside"], []
    everybody = sum(len(predictions[name]) for name in ("inside", *task.outside))
    each: dict[tuple[str, str], list[Measured]] = {}
    for name in task.outside:
        for condition, measured in _score_detection(inside, predictions[name], seed):
            cells.append(Cell(f"{condition}/{name}", measured))
            each.setdefault((condition, measured.metric), []).append(measured)
    means = [
        Cell(condition, mean_over_conditions(METRICS[name], found, n=everybody))
        for (condition, name), found in each.items()
    ]
    return means + cells


def _score_detection(inside: Predictions, outside: Predictions, seed: int) -> list[Cell]:
    cells = []
    for score in SCORES:
        reason = missing_score(inside, outside, score)
        for name in DETECTION:
            metric = METRICS[name]
            if reason is not None:
                measured = Measured(name, metric.version, missing_reason=reason)
            else:
                measured = measure(metric, detection(inside, outside, score), seed=seed)
            cells.append(Cell(score, measured))
    return cells


def score_cost(task: CostTask, cost: Cost) -> list[Cell]:
    """The numbers of a cost task."""
    names = COST if task.throughput is None else COST + COST_OF_BATCHES
    return [Cell("", measure(METRICS[name], cost, seed=resampling_seed(task.id))) for name in names]


def _score_shift(task: ShiftTask, predictions: Mapping[str, Predictions], seed: int) -> list[Cell]:
    """Each metric on each condition, its plain mean over all conditions, and what all conditions make together.

    Under the condition ``clean`` are the images before corruption: not one of the shifted conditions. Predictions of
    several networks have the metrics of uncertainty besides, of which one network has only the total.
    """
    names = (*task.metrics, *(AFTER_TEMPERATURE[name] for name in task.metrics if name in AFTER_TEMPERATURE))
    each: dict[str, dict[str, Measured]] = {name: {} for name in (*names, *UNCERTAINTY)}
    wrong: dict[str, Float[np.ndarray, " n"]] = {}
    ids: dict[str, tuple[str, ...]] = {}
    for condition, given in predictions.items():  # read once: of seventy-five conditions one is in memory
        wrong[condition] = 1.0 - given.samples.columns.correct()
        ids[condition] = given.ids
        several = given.samples.columns.expected_entropy is not None
        for name in (*names, *(UNCERTAINTY if several else ())) if condition != CLEAN else ():
            each[name][condition] = measure(METRICS[name], given, seed=seed)
    cells = []
    clean, ids_of_clean = wrong.pop(CLEAN, None), ids.pop(CLEAN, None)
    for name, measured in ((name, found) for name, found in each.items() if found):
        cells.append(Cell("", _whole(METRICS[name], measured, paired=len(set(ids.values())) == 1)))
        if cells[-1].measured.value is not None:
            cells += [Cell(condition, value) for condition, value in measured.items() if condition]
    # One order of images under all conditions, by their ids.
    mistakes = Mistakes(wrong, clean if {ids_of_clean} == set(ids.values()) else None)
    return cells + [Cell("", measure(METRICS[name], mistakes, seed=seed)) for name in task.aggregates]


def _whole(metric: Metric[Any], each: Mapping[str, Measured], *, paired: bool) -> Measured:
    """A set without conditions is itself; of others it is the mean."""
    return each[""] if list(each) == [""] else mean_over_conditions(metric, each.values(), paired=paired)


def mean_over_conditions(
    metric: Metric[Any], measured: Iterable[Measured], *, paired: bool = True, n: int | None = None
) -> Measured:
    """The mean of one metric over conditions of the same images, with a basic bootstrap interval.

    The images are drawn once and seen under every condition, so a replicate of the mean is the mean of the conditions'
    replicates of the same resample; there is none where they are not ``paired``. Missing as soon as one condition is.
    Conditions that share only some of their ``n`` images (the known ones beside several sets) say how many there are.
    """
    each = list(measured)
    values = [entry.value for entry in each if entry.value is not None]
    if len(values) < len(each):
        reason = next(entry.missing_reason for entry in each if entry.value is None)
        return Measured(metric.name, metric.version, missing_reason=f"a condition has no value: {reason}")
    value, size = float(np.mean(values)), each[0].n if n is None else n
    drawn = [entry.replicates for entry in each if entry.replicates is not None]
    if not paired or len(drawn) < len(each) or (n is None and len({entry.n for entry in each}) > 1):
        reason = "the conditions do not show the same resampled images"
        return Measured(metric.name, metric.version, value, n=size, no_interval_reason=reason)
    replicates = np.mean(drawn, axis=0)
    low, high = basic_interval(metric, value, replicates)
    return Measured(
        metric.name,
        metric.version,
        value,
        n=size,
        ci_low=low,
        ci_high=high,
        interval_method="stratified-bootstrap"
        if metric.interval is Interval.STRATIFIED_BOOTSTRAP
        else "basic-bootstrap",
        replicates=replicates,
    )


def _with_primary(names: tuple[str, ...], task: Task) -> tuple[str, ...]:
    """A task that is judged by mean per-class accuracy gets it beside top-1, never instead."""
    primary = task.primary_metric.rpartition("@")[0]
    return names if primary in names else (primary, *names)
