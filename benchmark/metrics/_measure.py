"""A metric's value with its interval, or the reason why there is none: one cell of the board."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from registry.statistics import basic_bootstrap_interval, wilson

from ..errors import MetricError, MetricUndefinedError
from ._metric import Interval, Metric
from ._resampling import REPLICATES


@dataclass(frozen=True, eq=False)
class Measured:
    """What the catalogue stores of one metric: ``value`` or ``missing_reason``, never both, never neither.

    ``ci_low``, ``ci_high`` and ``interval_method`` are of the 95 % interval; where there is none,
    ``no_interval_reason`` says why.
    """

    metric: str
    version: int
    value: float | None = None
    missing_reason: str | None = None
    n: int | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    interval_method: str | None = None
    no_interval_reason: str | None = None
    replicates: Float[np.ndarray, " r"] | None = None


def measure(metric: Metric[Any], subject: Any, *, seed: int, replicates: int = REPLICATES) -> Measured:
    """Compute ``metric`` of ``subject`` (predictions read back from their blob, a detection pair, or costs).

    ``seed`` is the task's (:func:`~benchmark.metrics.resampling_seed`), so that models pair up. A number that does not
    exist becomes a missing cell with its reason; anything else that goes wrong raises.
    """
    try:
        value = metric.compute(subject)
        drawn = None if metric.interval is Interval.NONE else metric.replicates(subject, seed, replicates)
    except MetricUndefinedError as error:
        return Measured(metric.name, metric.version, missing_reason=error.message)
    n = metric.size(subject)
    if metric.interval is Interval.NONE:
        return Measured(metric.name, metric.version, value, n=n, no_interval_reason=metric.no_interval_reason)
    if n < 2:
        return Measured(metric.name, metric.version, value, n=n, no_interval_reason="one image has no spread")
    own = metric.own_limits(subject, seed, replicates)
    low, high = _interval(metric, value, n, drawn) if own is None else _within(metric, *own)
    return Measured(
        metric.name, metric.version, value, n=n, ci_low=low, ci_high=high, interval_method=metric.interval.value,
        replicates=drawn,
    )  # fmt: skip


def basic_interval(metric: Metric[Any], value: float, replicates: Float[np.ndarray, " r"]) -> tuple[float, float]:
    """The basic bootstrap interval of ``value``, cut to the range of ``metric``: the part outside says nothing."""
    return _within(metric, *basic_bootstrap_interval(value, replicates))


def _within(metric: Metric[Any], low: float, high: float) -> tuple[float, float]:
    lower = -np.inf if metric.lower_bound is None else metric.lower_bound
    upper = np.inf if metric.upper_bound is None else metric.upper_bound
    low, high = np.clip((low, high), lower, upper)
    return float(low), float(high)


def _interval(metric: Metric[Any], value: float, n: int, drawn: Float[np.ndarray, " r"] | None) -> tuple[float, float]:
    if metric.interval is Interval.WILSON:
        return wilson(round(value * n), n)
    if drawn is None:
        raise MetricError(f"{metric.name} declares {metric.interval} but has no replicates")
    return basic_interval(metric, value, drawn)
