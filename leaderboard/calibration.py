"""Calibration before and after temperature scaling, side by side: two metrics of one name become one pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.records import ResultRecord

from .catalogue import Catalogue
from .results_table import ResultLine, entry_line, result_lines

_SCALED = "-ts"  # what the name of a metric of scaled logits ends in


@dataclass(frozen=True)
class CalibrationPair:
    """One metric of one checkpoint on one task: of the logits as they are, and divided by the fitted temperature."""

    before: ResultLine
    after: ResultLine


def model_pairs(catalogue: Catalogue, results: Sequence[ResultRecord]) -> list[CalibrationPair]:
    """Every metric of a model that has a scaled twin, in the order of the results."""
    lines = {(line.task_ref, line.protocol, line.metric): line for line in result_lines(catalogue, results)}
    return [
        CalibrationPair(lines[task, protocol, before], lines[task, protocol, after])
        for task, protocol, after in lines
        if (before := _unscaled(after)) is not None and (task, protocol, before) in lines
    ]


def task_pairs(catalogue: Catalogue, ref: str) -> dict[str, list[list[CalibrationPair]]]:
    """By architecture: one list of pairs per board row, all with the same metrics, by sparsity and name."""
    results = [result for result in catalogue.results_on(ref) if not result.condition]
    scaled = sorted({(result.protocol, result.metric) for result in results if _unscaled(result.metric) is not None})
    entries = {entry.key: entry for result in results if (entry := catalogue.entry_of(result.model))}
    rows: dict[str, list[list[CalibrationPair]]] = {}
    for entry in sorted(entries.values(), key=lambda one: (one.model.sparsity_target, one.key)):
        pairs = []
        for protocol, after in scaled:
            lines = [entry_line(catalogue, entry, ref, protocol, one) for one in (_unscaled(after) or "", after)]
            if lines[0] is not None and lines[1] is not None:
                pairs.append(CalibrationPair(lines[0], lines[1]))
        if scaled and len(pairs) == len(scaled):
            rows.setdefault(catalogue.architecture_title(entry.model.architecture), []).append(pairs)
    return rows


def gaps(rows: Mapping[str, list[list[CalibrationPair]]]) -> list[str]:
    """Why values are missing, each reason once."""
    lines = (line for row in rows.values() for pairs in row for pair in pairs for line in (pair.before, pair.after))
    return sorted({line.missing for line in lines if line.missing})


def _unscaled(metric: str) -> str | None:
    """``nll@1`` for ``nll-ts@1``; None for a metric of the logits as they are.

    >>> _unscaled("nll-ts@1"), _unscaled("nll@1")
    ('nll@1', None)
    """
    name, _, version = metric.partition("@")
    return f"{name.removesuffix(_SCALED)}@{version}" if name.endswith(_SCALED) else None
