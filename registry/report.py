"""``report.json``: every current result of one checkpoint, for programs. No times: equal results give equal bytes.

The document stands on its own: card and evaluation results are written from it alone, also where only the repository is
at hand and not the catalogue that measured.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.strict import decode
from zoo.core.canonical import canonical_json

from .records import ResultRecord

SCHEMA = 1


@dataclass(frozen=True)
class Range:
    """A 95 % interval and how it was made."""

    low: float
    high: float
    method: str | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One result: a value, or the reason why there is none; ``task``, ``protocol`` and ``metric`` as name@version."""

    task: str
    protocol: str
    metric: str
    condition: str
    seed: int | None
    value: float | None
    missing_reason: str | None
    n: int | None
    runs: int
    std: float | None
    interval: Range | None
    no_interval_reason: str | None
    trust: str
    source: str | None


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The primary metric of one task by one protocol, over all seeds, with the words that a card needs.

    ``dataset_id`` and its companions name the images on the Hub, where they are there.
    """

    task: str
    task_title: str
    kind: str
    protocol: str
    protocol_title: str
    metric: str
    metric_title: str
    unit: str | None
    value: float | None
    missing_reason: str | None
    interval: Range | None
    no_interval_reason: str | None
    seeds: tuple[int, ...]
    n: int | None
    trust: str
    source: str | None
    dataset_id: str | None = None
    dataset_task: str | None = None
    dataset_revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is known of the weights with this densified hash."""

    schema: int = SCHEMA
    slug: str
    densified_hash: str
    architecture: str | None
    preprocessing_hash: str | None
    headlines: tuple[Headline, ...]
    results: tuple[Row, ...]

    def is_about(self, passport: Passport) -> bool:
        """Whether these weights are meant."""
        return _identity(self) == _identity(passport)

    def cells_missing_in(self, newer: "Report") -> int:
        """How many cells of this report a newer one does not have."""
        return len({_cell(row) for row in self.results} - {_cell(row) for row in newer.results})

    def to_json(self) -> dict[str, Any]:
        """The document ``report.json``."""
        document = asdict(self)
        document["headlines"] = [{**row, "seeds": list(row["seeds"])} for row in document["headlines"]]
        return {**document, "results": list(document["results"])}

    @classmethod
    def from_json(cls, value: Any, where: str = "report.json") -> "Report":
        """Strict: raises :class:`~zoo.checkpoint.errors.ConfigError` for unknown, missing or mistyped fields."""
        report = decode(cls, value, where)
        if report.schema != SCHEMA:
            raise ConfigError(f"{where}: schema {report.schema}, this version reads schema {SCHEMA}.")
        return report


def make_report(
    slug: str, passport: Passport, results: Sequence[ResultRecord], headlines: Sequence[Headline]
) -> Report:
    """The report of these results, in an order that no database decides."""
    rows = sorted((_row(result) for result in results), key=_order)
    densified_hash, architecture, preprocessing_hash = _identity(passport)
    return Report(
        slug=slug,
        densified_hash=densified_hash,
        architecture=architecture,
        preprocessing_hash=preprocessing_hash,
        headlines=tuple(headlines),
        results=tuple(rows),
    )


def range_of(result: ResultRecord) -> Range | None:
    """The interval of a row, None where it has none."""
    if result.ci_low is None or result.ci_high is None:
        return None
    return Range(result.ci_low, result.ci_high, result.interval_method)


def _row(result: ResultRecord) -> Row:
    return Row(
        task=result.task,
        protocol=result.protocol,
        metric=result.metric,
        condition=result.condition,
        seed=result.seed,
        value=result.value,
        missing_reason=result.missing_reason,
        n=result.n,
        runs=result.runs,
        std=result.std,
        interval=range_of(result),
        no_interval_reason=result.no_interval_reason,
        trust=result.trust,
        source=result.source,
    )


def _identity(of: Report | Passport) -> tuple[str, str | None, str | None]:
    return of.densified_hash, of.architecture, of.preprocessing_hash


def _order(row: Row) -> tuple[Any, ...]:
    seed = -1 if row.seed is None else row.seed
    return row.task, row.protocol, row.metric, row.condition, seed, canonical_json(asdict(row))


def _cell(row: Row) -> tuple[Any, ...]:
    return row.task, row.protocol, row.metric, row.condition, row.seed, row.source
