"""Headline numbers in the two forms that the Hub reads: ``.eval_results/*.yaml`` and the card's ``model-index``.

Only numbers that were measured on these very weights: a number from somebody's paper is on the card, marked as such,
but a leaderboard of the Hub would not tell it from a measurement.
"""

from typing import Any, Final

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, eval_result_entries_to_yaml
from huggingface_hub.repocard_data import eval_results_to_model_index

from .report import Headline, Report

EVAL_RESULTS: Final = ".eval_results/prunarium.yaml"

_MEASURED: Final = ("measured", "rescored")
# https://huggingface.co/metrics calls it so; our other metrics keep their own names.
_METRIC_NAMES: Final = {"top1@1": "accuracy"}


def eval_results(report: Report) -> bytes | None:
    """The YAML file, or None where it would be empty.

    An entry needs the id of a dataset on the Hub, which a task names in its manifest (``registry.headlines``). Images
    that are on no hub, such as scikit-learn's digits, have none and are left out: a made-up id would point nowhere.
    """
    entries = [_entry(row) for row in _measured(report) if row.dataset_id]
    if not entries:
        return None
    return yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True).encode()


def model_index(report: Report, name: str) -> list[dict[str, Any]] | None:
    """The older block in the card's head, which takes any name for a dataset; None without results."""
    results = [_result(row) for row in _measured(report)]
    return eval_results_to_model_index(name, results) if results else None


def _measured(report: Report) -> list[Headline]:
    return [row for row in report.headlines if row.value is not None and row.trust in _MEASURED]


def _entry(row: Headline) -> EvalResultEntry:
    return EvalResultEntry(
        dataset_id=str(row.dataset_id),
        task_id=row.dataset_task or "default",
        dataset_revision=row.dataset_revision,
        value=row.value,
        notes=_notes(row),
    )


def _result(row: Headline) -> EvalResult:
    return EvalResult(
        task_type="image-classification",
        dataset_type=row.dataset_id or row.task,
        dataset_name=row.task_title,
        dataset_revision=row.dataset_revision,
        metric_type=_METRIC_NAMES.get(row.metric, row.metric),
        metric_name=f"{row.metric_title}, {row.protocol_title}",
        metric_value=row.value,
        metric_args={"protocol": row.protocol, "notes": _notes(row)},
    )


def _notes(row: Headline) -> str:
    """What the single number does not say."""
    parts = [f"{row.metric} by {row.protocol}", row.trust]
    if row.interval is not None:
        parts.append(f"95% interval {row.interval.low:.4f} to {row.interval.high:.4f}")
    else:
        parts.append(f"no interval: {row.no_interval_reason}")
    if len(row.seeds) > 1:
        parts.append(f"mean of {len(row.seeds)} seeds")
    return "; ".join(parts)
