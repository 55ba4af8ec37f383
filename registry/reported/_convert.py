"""From a published number to a result: units, and the interval that the number earns."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..records import ResultRecord
from ..statistics import normal_interval_from_std, wilson
from ._files import PublishedRow

_SUFFIXES = {"M": Decimal(10) ** 6, "G": Decimal(10) ** 9}
# Names in the published table -> (metric of the catalogue, what the printed number is divided by).
_METRICS = {
    "top1": ("top1@1", 100),
    "mean_per_class": ("mean-per-class@1", 100),
    "inference_flops": ("reported-macs@1", 1),
    "inference_flops_fraction_of_dense(8.2e9)": ("reported-flops-share@1", 1),
}


def to_result(row: PublishedRow, task: str, n_test: int) -> ResultRecord:
    """The result of ``row`` on ``task`` (``name@version``) with ``n_test`` test images."""
    metric, divisor = _METRICS[row.metric]
    value = _number(row.value) / divisor
    std = Decimal(row.std) / divisor if row.std else None
    is_accuracy = divisor == 100
    return ResultRecord(
        model=row.slug,
        task=task,
        protocol=row.protocol,
        metric=metric,
        value=float(value),
        n=n_test if is_accuracy else None,
        runs=row.runs or 1,
        std=None if std is None else float(std),
        trust="reported",
        source=row.source,
        provenance=_provenance(row),
        **_interval(metric, float(value), None if std is None else float(std), row.runs, n_test),
    )


def _interval(metric: str, value: float, std: float | None, runs: int | None, n_test: int) -> Mapping[str, Any]:
    if std is not None and runs is not None and runs >= 2:
        low, high = normal_interval_from_std(value, std, runs)
        return {"ci_low": max(0.0, low), "ci_high": min(1.0, high), "interval_method": "t over seeds"}
    if metric == "top1@1":
        low, high = wilson(round(value * n_test), n_test)
        return {"ci_low": low, "ci_high": high, "interval_method": "wilson"}
    if metric == "mean-per-class@1":
        return {"no_interval_reason": "one run; a mean over classes needs predictions for an interval"}
    return {"no_interval_reason": "counted, not estimated"}


def _number(text: str) -> Decimal:
    """``705M`` and ``4.09G`` are counts; anything else is a plain decimal number."""
    return Decimal(text[:-1]) * _SUFFIXES[text[-1]] if text[-1] in _SUFFIXES else Decimal(text)


def _provenance(row: PublishedRow) -> dict[str, Any]:
    told = {
        "published_value": row.value,
        "published_std": row.std,
        "published_runs": row.runs,
        "note": row.note,
    }
    return {name: value for name, value in told.items() if value not in ("", None)}
