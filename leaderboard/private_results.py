"""Results of a model that nobody else sees, read from a file: the report of a published folder, or a page's JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from registry.records import ModelRecord, ResultRecord
from registry.report import Report
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.slug import is_slug, parse_slug
from zoo.checkpoint.strict import parse_json
from zoo.core.errors import UsageError

from .catalogue import Catalogue
from .schemas import ModelDetail, ResultAnswer

METHOD = "yours"
_HINT = (
    "Give a report.json (prunarium publish writes one), or a model's JSON from /api/v1/models/NAME of your own site."
)


@dataclass(frozen=True)
class Private:
    """The model as a row of the board, with the results whose tasks the catalogue has; ``unknown`` counts others."""

    model: ModelRecord
    results: tuple[ResultRecord, ...]
    unknown: int


def read_private(
    catalogue: Catalogue,
    path: Path,
    *,
    architecture: str | None = None,
    sparsity: float | None = None,
    parent: str | None = None,
) -> Private:
    """The file as a model of this catalogue; what it does not say of itself has to be given.

    Raises :class:`UsageError` for another file, for an unknown parent, and where no result is on a task that the
    catalogue knows.
    """
    name, known, rows = _read(path)
    architecture = architecture or known.get("architecture")
    sparsity = known.get("sparsity") if sparsity is None else sparsity
    if architecture is None or sparsity is None:
        raise UsageError(
            f"{path} does not say which network it is, or how sparse.", "Say it: --architecture resnet50 --sparsity 0.9"
        )
    if not 0 < sparsity < 1:
        raise UsageError(f"A sparsity is a fraction between 0 and 1, not {sparsity:g}.", "For example --sparsity 0.9")
    dense = parent or known.get("parent") or _dense(catalogue, architecture, rows)
    if dense is None or dense not in catalogue.models:
        raise UsageError(
            f"The catalogue has no dense parent {dense or f'for {architecture}'}.",
            "Name one of its dense models: --parent dense/resnet50/0.00",
        )
    model = ModelRecord(
        slug=f"{METHOD}/{name}", title=f"{name}, yours", owner="you", method=METHOD, architecture=architecture,
        sparsity_target=sparsity, parent=dense, availability="unknown",
    )  # fmt: skip
    fitting = [row for row in rows if _fits(catalogue, row)]
    if not fitting:
        raise UsageError(
            f"No result of {path} is on a task and a metric that this catalogue has.", "prunarium benchmark sync"
        )
    results = tuple(_record(model.name, row) for row in fitting)
    return Private(model, results, len(rows) - len(fitting))


def _read(path: Path) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Name, what the file says of the model, and its rows as mappings with the fields of :class:`ResultAnswer`."""
    try:
        document = parse_json(path.read_bytes(), str(path))
        report = (
            Report.from_json(document, str(path))
            if isinstance(document, dict) and "densified_hash" in document
            else None
        )
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", _HINT) from error
    except ConfigError as error:
        raise UsageError(error.message, _HINT) from error
    if report is not None:
        rows = [vars(row) | _ends(row.interval) for row in report.results]
        return report.slug, {"architecture": report.architecture, **_of_slug(report.slug)}, rows
    try:
        detail = ModelDetail.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"{path} holds no results of a model.", _HINT) from error
    model = detail.model
    known = {"architecture": model.architecture, "sparsity": model.sparsity, "parent": model.parent}
    return model.name, known, [row.model_dump() for row in detail.results]


def _ends(interval: Any) -> dict[str, Any]:
    if interval is None:
        return {"ci_low": None, "ci_high": None, "interval_method": None}
    return {"ci_low": interval.low, "ci_high": interval.high, "interval_method": interval.method}


def _of_slug(slug: str) -> dict[str, Any]:
    """The sparsity that a slug names."""
    if not is_slug(slug):
        return {}
    kept, of, group = parse_slug(slug).sparsity.partition("of")
    return {"sparsity": 1 - int(kept) / int(group) if of else float(kept)}


def _fits(catalogue: Catalogue, row: Mapping[str, Any]) -> bool:
    known = (catalogue.tasks, catalogue.protocols, catalogue.metrics)
    return all(row[name] in held for name, held in zip(("task", "protocol", "metric"), known, strict=True))


def _dense(catalogue: Catalogue, architecture: str, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The dense model of the network that has most of the values that these rows can be held against."""
    cells = {(row["task"], row["protocol"], row["metric"]) for row in rows}
    alike = [one for one in catalogue.models.values() if one.architecture == architecture and one.sparsity_target == 0]
    shared = {one.name: sum(bool(catalogue.whole_cell(one.name, *cell)) for cell in cells) for one in alike}
    return max(shared, key=lambda name: shared[name], default=None)


def _record(name: str, row: Mapping[str, Any]) -> ResultRecord:
    wanted = ResultAnswer.model_fields.keys() - {"model"}
    return ResultRecord(model=name, **{key: row[key] for key in wanted})
