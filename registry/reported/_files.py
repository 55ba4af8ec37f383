"""The files of this folder, read and checked: tables of published rows, and what their names mean here."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from ..errors import InvalidRecordError

Part = Literal["transfer", "upstream", "imagenet"]
_ROBUSTNESS = (
    "source", "commit", "path", "model", "sparsity", "dataset", "variant", "metric", "value", "unit", "label_space",
    "eval_note",
)  # fmt: skip
_FIELDS = {
    "published_transfer_results.csv": (
        "source", "table", "backbone", "method", "sparsity", "protocol", "dataset", "metric", "value", "std", "n_runs",
        "note",
    ),
    "published_imagenet_sparse.csv": ("method", "backbone", "sparsity", "top1", "dense_top1", "epochs", "source"),
    "published_ood.csv": _ROBUSTNESS,
    "published_ood_derived.csv": _ROBUSTNESS,
    "models.csv": (
        "slug", "title", "owner", "method", "architecture", "sparsity_target", "pattern", "licence", "training_epochs",
        "label_smoothing", "upstream_top1", "upstream_top1_source", "availability", "availability_detail",
        "source_url", "source_licence", "source_sha256", "recipe", "caveat", "parent",
    ),
    "names.csv": ("part", "table", "method", "backbone", "sparsity", "epochs", "slug"),
}  # fmt: skip


@dataclass(frozen=True)
class PublishedRow:
    """One published number as its source prints it: ``value`` and ``std`` are text, in the unit of ``metric``."""

    part: Part
    slug: str
    dataset: str
    protocol: str
    metric: str
    value: str
    std: str
    runs: int | None
    source: str
    note: str


def published_rows() -> list[PublishedRow]:
    """Every published row, in the order of the files."""
    slugs = _slugs()
    return [_transfer_row(row, slugs) for row in table("published_transfer_results.csv")] + [
        _imagenet_row(row, slugs) for row in table("published_imagenet_sparse.csv")
    ]


@cache
def catalogue() -> Mapping[str, Any]:
    """``catalogue.toml``: architectures, methods, metrics, protocols, tasks, suite."""
    return tomllib.loads((files(__package__) / "catalogue.toml").read_text(encoding="utf-8"))


def table(name: str) -> list[dict[str, str]]:
    """A CSV file of this folder; raises :class:`InvalidRecordError` when its columns are not the expected ones."""
    reader = csv.DictReader((files(__package__) / name).read_text(encoding="utf-8").splitlines())
    if tuple(reader.fieldnames or ()) != _FIELDS[name]:
        raise InvalidRecordError(f"{name} has the columns {reader.fieldnames}, expected {list(_FIELDS[name])}.")
    return list(reader)


def _slugs() -> dict[tuple[str, ...], str]:
    """(part, table, method, backbone, sparsity, epochs) -> slug; table and epochs only where they tell rows apart."""
    return {
        (row["part"], row["table"], row["method"], row["backbone"], row["sparsity"], row["epochs"]): row["slug"]
        for row in table("names.csv")
    }


def _transfer_row(row: Mapping[str, str], slugs: Mapping[tuple[str, ...], str]) -> PublishedRow:
    upstream = row["protocol"] == "none(upstream)"
    part: Part = "upstream" if upstream else "transfer"
    key = (part, row["table"] if upstream else "", row["method"], row["backbone"], row["sparsity"], "")
    return PublishedRow(
        part=part,
        slug=slugs[key],
        dataset=row["dataset"],
        protocol="as-published@reported" if upstream else f"{row['protocol']}@ist2022",
        metric=row["metric"],
        value=row["value"],
        std=row["std"],
        runs=int(row["n_runs"]) if row["n_runs"] else None,
        source=f"{row['source']}, {row['table']}",
        note=row["note"],
    )


def _imagenet_row(row: Mapping[str, str], slugs: Mapping[tuple[str, ...], str]) -> PublishedRow:
    key = ("imagenet", "", row["method"], row["backbone"], row["sparsity"])
    return PublishedRow(
        part="imagenet",
        slug=slugs.get((*key, row["epochs"])) or slugs[*key, ""],
        dataset="imagenet",
        protocol="as-published@reported",
        metric="top1",
        value=row["top1"],
        std="",
        runs=None,
        source=row["source"],
        note=f"dense: {row['dense_top1']} %" if row["dense_top1"] else "",
    )
