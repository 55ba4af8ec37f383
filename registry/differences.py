"""What one metric of two models on the same images differs by, with its paired interval.

Differences are first minus second. Both were resampled with the task's seed, so that a replicate of one and of the
other is the same images, and what both find hard cancels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np
import numpy.typing as npt

from .records import MetricRecord, ResultRecord
from .statistics import paired_interval, unpack_replicates

Verdict = Literal["better", "worse", "cannot be told apart", "no interval"]


@dataclass(frozen=True)
class Difference:
    """One metric: the means over seeds, their difference with its paired 95 % interval, or why there is none.

    ``verdict`` is of the first model, and empty where no direction is better.
    """

    metric: str
    title: str
    unit: str
    first: float
    second: float
    difference: float
    low: float | None
    high: float | None
    no_interval_reason: str | None
    verdict: Verdict | Literal[""]


def paired_difference(
    metric: MetricRecord, reference: str, first: Sequence[ResultRecord], second: Sequence[ResultRecord]
) -> Difference:
    """Of rows that all have a value, one a seed, read with their replicates; ``reference`` is ``name@version``."""
    ours, theirs = ([row.value for row in rows if row.value is not None] for rows in (first, second))
    low = high = None
    reason = _unpaired(first, second)
    if reason is None:
        low, high = paired_interval(ours, theirs, _replicates(first), _replicates(second))
    means = fmean(ours), fmean(theirs)
    return Difference(
        metric=reference,
        title=metric.title,
        unit=metric.unit,
        first=means[0],
        second=means[1],
        difference=means[0] - means[1],
        low=low,
        high=high,
        no_interval_reason=reason,
        verdict=verdict(metric, low, high),
    )


def verdict(metric: MetricRecord, low: float | None, high: float | None) -> Verdict | Literal[""]:
    """What the interval of a difference says of the first model."""
    if metric.direction == "none":
        return ""
    if low is None or high is None:
        return "no interval"
    if low <= 0 <= high:
        return "cannot be told apart"
    return "better" if (low > 0) == (metric.direction == "higher") else "worse"


def _replicates(rows: Sequence[ResultRecord]) -> npt.NDArray[np.float64]:
    return np.stack([unpack_replicates(row.replicates or b"") for row in rows])


def _unpaired(first: Sequence[ResultRecord], second: Sequence[ResultRecord]) -> str | None:
    """Why replicates do not pair up, or None where they do."""
    rows = [*first, *second]
    without = next((row for row in rows if row.replicates is None), None)
    if without is not None:
        return without.no_interval_reason or "no replicates are kept"
    if len({row.n for row in rows}) > 1:
        return "the two were not measured on the same images"
    return None
