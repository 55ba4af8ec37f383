"""How much worse than dense: one task, a mean over tasks, a mean over replicates. Pure, with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from registry import statistics
from registry.records import ResultRecord
from registry.statistics import mean_interval, mean_relative_error_change, relative_error_change

Unit = Literal["%", "points"]
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Measured:
    """An error (fraction) and the standard error of that mean; None when no spread is known.

    ``over`` says what the standard error shows: the choices of fine-tuning, or the images of one run.
    """

    error: float
    standard_error: float | None
    over: Literal["seeds", "images"] = "seeds"


@dataclass(frozen=True)
class Change:
    """An error change against dense in ``%`` of the dense error or in percentage points; below zero is better.

    ``own`` is the half width that the checkpoint alone brings, without the dense model's share: what two checkpoints
    compared with the same dense model differ by. ``why`` says what the interval covers, or why there is none.
    """

    value: float
    half: float | None
    own: float | None
    why: str

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval."""
        return None if self.half is None else self.value - self.half

    @property
    def high(self) -> float | None:
        """Upper end of the 95 % interval."""
        return None if self.half is None else self.value + self.half

    @property
    def resolved(self) -> bool:
        """Whether the interval excludes zero."""
        return self.half is not None and abs(self.value) > self.half


def measured(results: Sequence[ResultRecord]) -> Measured | None:
    """The error behind the results of one cell (one per seed): one minus their mean; None if nothing has a value.

    Standard error: over the seeds where there are several, else from the row's own ``std`` over ``runs``, else from a
    symmetric reading of its interval.
    """
    values = [result.value for result in results if result.value is not None]
    if not values:
        return None
    error = 1.0 - sum(values) / len(values)
    if len(values) > 1:
        return Measured(error, _deviation(values) / math.sqrt(len(values)))
    only = next(result for result in results if result.value is not None)
    if only.std is not None and only.runs > 1:
        return Measured(error, only.std / math.sqrt(only.runs))
    if only.ci_low is not None and only.ci_high is not None:
        return Measured(error, (only.ci_high - only.ci_low) / (2 * Z95), "seeds" if only.runs > 1 else "images")
    return Measured(error, None)


def _deviation(values: Sequence[float]) -> float:
    """Of a sample. `statistics.stdev` works with fractions, a hundred times slower, and a board has thousands."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def task_change(sparse: Measured, dense: Measured, unit: Unit) -> Change | None:
    """On one task; the interval by the delta method from both standard errors. None when a dense error of 0 divides.

    >>> change = task_change(Measured(0.12, 0.001), Measured(0.10, 0.002), "%")
    >>> round(change.value, 1), round(change.half, 1)
    (20.0, 5.1)
    """
    if unit == "%" and dense.error <= 0:
        return None
    scale = 100 / dense.error if unit == "%" else 100.0
    value = scale * (sparse.error - dense.error)
    if sparse.standard_error is None or dense.standard_error is None:
        return Change(value, None, None, "no interval: no spread over runs is known")
    if unit == "%":
        total = relative_error_change(
            1 - sparse.error, 1 - dense.error, sparse.standard_error, dense.standard_error
        ).standard_error
    else:
        total = math.hypot(sparse.standard_error, dense.standard_error)
    own = Z95 * scale * sparse.standard_error
    return Change(value, Z95 * 100 * (total or 0.0), own, _COVERS[sparse.over, dense.over])


_COVERS = {
    ("seeds", "seeds"): "95 % over fine-tuning seeds, the test images as they are",
    ("images", "images"): "95 % over test images as if each model had its own, the one fine-tuning run as it is",
    ("seeds", "images"): "95 % over fine-tuning seeds, and for dense over test images",
    ("images", "seeds"): "95 % over test images, and for dense over fine-tuning seeds",
}


def mean_over_tasks(changes: Sequence[Change]) -> Change:
    """The unweighted mean; independent task intervals add up in squares."""
    # Half widths of independent tasks add up as their standard errors do.
    whole = mean_relative_error_change([statistics.Change(change.value, change.half) for change in changes])
    own = mean_relative_error_change([statistics.Change(change.value, change.own) for change in changes])
    why = next((change.why for change in changes if change.half is None), changes[0].why)
    return Change(whole.value, whole.standard_error, own.standard_error, why)


def mean_over_replicates(values: Sequence[float]) -> Change:
    """Mean of one change per training run (paired with the dense run of its seed), with Student's t interval.

    >>> change = mean_over_replicates([1.0, 2.0, 3.0])
    >>> change.value, round(change.half, 3)
    (2.0, 2.484)
    """
    value = fmean(values)
    if len(values) < 2:
        return Change(value, None, None, "no interval: one training run")
    half = mean_interval(values).high - value
    return Change(value, half, half, f"95 % Student t over {len(values)} training runs, each against its dense parent")
