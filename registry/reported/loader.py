"""Writes the published rows into a catalogue; loading again changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from .. import queries
from ..records import (
    ArchitectureRecord,
    MethodRecord,
    MetricRecord,
    ModelRecord,
    ProtocolRecord,
    ResultRecord,
    SuiteRecord,
    TaskRecord,
)
from ._convert import to_result
from ._files import PublishedRow, catalogue, published_rows, table
from ._robustness import facts as robustness_facts
from ._robustness import robustness, robustness_protocols, robustness_shifts, robustness_tasks

_SOURCE = "arXiv:2111.13445; IST-DASLab/sparse-imagenet-transfer @3e4f5dc"


@dataclass(frozen=True)
class Loaded:
    """``transfer``, ``upstream`` and ``robustness`` rows of the published tables, and those ``derived`` from them;
    ``repeated`` are upstream rows that two tables print alike and that are written once; ``new`` is how many results
    this call wrote."""

    models: int
    transfer: int
    upstream: int
    robustness: int
    derived: int
    repeated: int
    new: int

    @property
    def results(self) -> int:
        """How many results the catalogue has of these tables."""
        return self.transfer + self.upstream + self.robustness + self.derived - self.repeated


def load_reported(session: Session) -> Loaded:
    """Write methods, architectures, tasks, protocols, metrics, the suite, the models and their published results.

    Models that were published on a hub since keep their availability. Raises
    :class:`~registry.errors.ImmutableRowError` when the catalogue holds other values for the same sources.
    """
    facts, robust = catalogue(), robustness()
    _write_plugins(session, facts)
    _write_robustness_plugins(session)
    models = [*(_model(row) for row in table("models.csv")), *robust.models.values()]
    known = {model.name: model for model in queries.list_models(session)}
    queries.add_models(session, [model for model in models if model.name not in known])
    for model in models:
        if model.name in known:
            _update_model(session, model, known[model.name])
    references = {
        task["dataset"]: (f"{name}@{task['version']}", task["n_test"]) for name, task in facts["tasks"].items()
    }
    rows = published_rows()
    results, repeated = _without_repeats(rows, [to_result(row, *references[row.dataset]) for row in rows])
    new = queries.add_reported_results(session, [*results, *robust.results])
    transfer = sum(row.part == "transfer" for row in rows)
    derived = sum(result.trust == "derived" for result in robust.results)
    robustness_rows = len(robust.results) - derived
    return Loaded(len(models), transfer, len(rows) - transfer, robustness_rows, derived, repeated, new)


def _without_repeats(rows: list[PublishedRow], results: list[ResultRecord]) -> tuple[list[ResultRecord], int]:
    """The second table prints many numbers of the first one again; a model gets each of them once."""
    known = {
        (result.model, result.metric, result.value)
        for row, result in zip(rows, results, strict=True)
        if row.part == "upstream"
    }
    kept = [
        result
        for row, result in zip(rows, results, strict=True)
        if row.part != "imagenet" or (result.model, result.metric, result.value) not in known
    ]
    return kept, len(results) - len(kept)


def _write_plugins(session: Session, facts: Mapping[str, Any]) -> None:
    _write_named(session, facts)
    for reference, protocol in facts["protocols"].items():
        name, _, version = reference.rpartition("@")
        queries.upsert_protocol(session, ProtocolRecord(name=name, version=version, **protocol))
    for name, task in facts["tasks"].items():
        queries.upsert_task(session, _task(name, task))
    queries.upsert_suite(session, _suite(facts))


def _write_robustness_plugins(session: Session) -> None:
    _write_named(session, robustness_facts())
    for protocol in robustness_protocols():
        queries.upsert_protocol(session, protocol)
    for task in robustness_tasks():
        queries.upsert_task(session, task)
    for shift in robustness_shifts():
        queries.upsert_shift(session, shift)


def _write_named(session: Session, facts: Mapping[str, Any]) -> None:
    """Architectures, methods (version 0: as the publications name them) and metrics."""
    architectures = {one.name for one in queries.list_architectures(session)}
    for name, told in facts["architectures"].items():
        # The zoo's own words for an architecture, and the benchmark's for a metric, are the better ones.
        if name not in architectures:
            size = tuple(told["input_size"])
            queries.upsert_architecture(
                session,
                ArchitectureRecord(name=name, title=told["title"], input_size=size, parameters=told.get("parameters")),
            )
    for name, method in facts["methods"].items():
        queries.upsert_method(session, MethodRecord(name=name, version=0, **method))
    metrics = {f"{one.name}@{one.version}" for one in queries.list_metrics(session)}
    for name, metric in facts["metrics"].items():
        if f"{name}@1" not in metrics:
            queries.upsert_metric(session, MetricRecord(name=name, version=1, **metric))


def _task(name: str, task: Mapping[str, Any]) -> TaskRecord:
    manifest = {key: task[key] for key in ("n_train", "remark") if key in task}
    return TaskRecord(
        name=name,
        version=task["version"],
        kind=task["kind"],
        title=task["title"],
        classes=task["classes"],
        n_test=task["n_test"],
        primary_metric=f"{task['metric']}@1",
        source=_SOURCE if task["kind"] == "transfer" else "as each row's source evaluated it",
        manifest=manifest,
    )


def _suite(facts: Mapping[str, Any]) -> SuiteRecord:
    suite = facts["suite"]
    cells = [
        {"task": f"{name}@{task['version']}", "protocol": protocol, "metrics": [f"{task['metric']}@1"]}
        for protocol in suite["protocols"]
        for name, task in facts["tasks"].items()
        if task["version"] == suite["version"]
    ]
    return SuiteRecord(
        name=suite["name"],
        version=suite["version"],
        title=suite["title"],
        content={"kind": "reported", "cells": cells},
    )


def _model(row: Mapping[str, str]) -> ModelRecord:
    values: dict[str, Any] = {name: text or None for name, text in row.items()}
    for name in ("sparsity_target", "training_epochs", "label_smoothing", "upstream_top1"):
        values[name] = float(row[name]) if row[name] else None
    return ModelRecord(**values, upstream_data="ImageNet-1k")


def _update_model(session: Session, model: ModelRecord, known: ModelRecord) -> None:
    if known.availability in ("hub", "make"):
        model = replace(model, availability=known.availability, availability_detail=None, owner=known.owner)
    told = {name: value for name, value in vars(model).items() if value is not None and name != "created_us"}
    if any(getattr(known, name) != value for name, value in told.items()):
        queries.upsert_model(session, model)
