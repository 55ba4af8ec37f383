"""The results section: headline numbers with their intervals, what is missing and why."""

from typing import Final

from zoo.checkpoint.folder import REPORT

from ..report import Headline
from .facts import CardFacts
from .markdown import code, table, text

_TRUST: Final = {
    "measured": "measured here",
    "rescored": "scored here from predictions made elsewhere",
    "reported": "reported by others, not on these bytes",
    "derived": "derived from reported numbers",
}


def results(facts: CardFacts) -> str:
    """A table of headlines, and where all numbers are."""
    report = facts.report
    if not report.results:
        return "Nothing has been measured yet. Submit the model, or run `prunarium benchmark run`."
    rows = [
        (text(row.task_title), text(row.protocol_title), text(row.metric_title), _value(row), _seeds(row), _trust(row))
        for row in report.headlines
    ]
    shown = table(("task", "protocol", "metric", "value [95% interval]", "seeds", "trust"), rows, "lllrrl")
    everything = f"All {len(report.results):,} numbers, by condition and seed, are in [{REPORT}]({REPORT})."
    return f"{shown}\n\n{everything}" if rows else everything


def _value(row: Headline) -> str:
    if row.value is None:
        return f"missing: {text(row.missing_reason or 'no reason was recorded')}"
    if row.interval is not None:
        spread = f"[{_number(row.interval.low, row.unit)}, {_number(row.interval.high, row.unit)}]"
    else:
        spread = f"no interval: {text(row.no_interval_reason or 'no reason was recorded')}"
    return f"{_number(row.value, row.unit)} <sub>{spread}</sub>"


def _number(value: float, unit: str | None) -> str:
    return f"{value:.1%}" if unit == "fraction" else f"{value:.3g}"


def _seeds(row: Headline) -> str:
    return str(len(row.seeds)) if row.seeds else "–"


def _trust(row: Headline) -> str:
    words = _TRUST.get(row.trust, row.trust)
    return f"{words} ({code(row.source)})" if row.source else words
