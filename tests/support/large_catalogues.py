"""Made-up models by the hundred, each measured in every one of forty columns: for measurements of the site.

Written in bulk, past the queue: a hundred thousand results by way of leased jobs would take an hour.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from registry import queries
from registry.db.models import Checkpoint, Job, Metric, Model, Protocol, Result, Task
from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from registry.queries import add_models
from registry.records import (
    ArchitectureRecord,
    MethodRecord,
    MetricRecord,
    ModelRecord,
    ProtocolRecord,
    SuiteRecord,
    TaskRecord,
)

SUITE = "wide@1"
METHODS = tuple(f"method-{number:02}" for number in range(25))
ARCHITECTURES = ("resnet50", "resnet18", "mobilenetv1", "vit_small", "convnext_tiny")
SPARSITIES = (0.8, 0.9, 0.95, 0.98)
TRANSFER, SHIFTS = 12, 11
REPLICATES = tuple(row.tobytes() for row in np.random.default_rng(7).normal(0.75, 0.01, (16, 500)).astype("<f8"))
# (task, protocol, metric, seeds): 12 linear and 12 full, 11 shifts, upstream and cost make forty columns.
CELLS = (
    *((f"task-{number:02}@1", "linear@1", "top1@1", (0, 1, 2)) for number in range(TRANSFER)),
    *((f"task-{number:02}@1", "full@1", "top1@1", (0,)) for number in range(TRANSFER)),
    *((f"shift-{number:02}@1", "as-published@1", "top1@1", (0,)) for number in range(SHIFTS)),
    *(("upstream@1", "as-published@1", metric, (0,)) for metric in ("top1@1", "nll@1", "ece15@1")),
    *(("cost@1", "as-published@1", metric, (0,)) for metric in ("nonzeros@1", "latency-ms@1")),
)


def large_catalogue(path: Path, models: int) -> Engine:
    """A new SQLite catalogue of ``models`` pruned models (replicates of nothing) and a dense one per architecture."""
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    with session_scope(engine, write=True) as session:
        _write_plugins(session)
        add_models(session, _models(models))
        _write_results(session)
    return engine


def _models(count: int) -> list[ModelRecord]:
    dense = [_model("dense", architecture, 0.0, 0) for architecture in ARCHITECTURES]
    kinds = list(product(SPARSITIES, METHODS, ARCHITECTURES))
    pruned = [_model(kinds[n % len(kinds)][1], kinds[n % len(kinds)][2], kinds[n % len(kinds)][0], n // len(kinds))
              for n in range(count)]  # fmt: skip
    return dense + pruned


def _model(method: str, architecture: str, sparsity: float, variant: int) -> ModelRecord:
    ending = f"-v{variant}" if variant else ""
    return ModelRecord(
        slug=f"{method}/{architecture}/{sparsity:.2f}{ending}", title=f"{method} {architecture} {sparsity:.2f}{ending}",
        owner="prunarium", method=method, architecture=architecture, sparsity_target=sparsity,
        parent=None if method == "dense" else f"dense/{architecture}/0.00", upstream_data="imagenet@1",
        licence="Apache-2.0", training_epochs=100, upstream_top1=0.76, availability="make",
    )  # fmt: skip


def _write_plugins(session: Session) -> None:
    for name in ("dense", *METHODS):
        queries.upsert_method(session, MethodRecord(name=name, title=name.title(), family="magnitude"))
    for name in ARCHITECTURES:
        queries.upsert_architecture(session, ArchitectureRecord(name=name, title=name, input_size=(3, 224, 224)))
    for name, kind in (("as-published", "as_published"), ("linear", "linear"), ("full", "full")):
        record = ProtocolRecord(name=name, version="1", kind=kind, title=name)  # type: ignore[arg-type]
        queries.upsert_protocol(session, record)
    for name, unit, direction in (
        ("top1", "fraction", "higher"), ("nll", "nats", "lower"), ("ece15", "fraction", "lower"),
        ("nonzeros", "count", "lower"), ("latency-ms", "ms", "lower"),
    ):  # fmt: skip
        metric = MetricRecord(name=name, version=1, title=name, unit=unit, direction=direction, definition=name)  # type: ignore[arg-type]
        queries.upsert_metric(session, metric)
    for ref in dict.fromkeys(task for task, *_ in CELLS):
        name = ref.partition("@")[0]
        kind = {"task": "transfer", "shif": "shift", "upst": "upstream", "cost": "cost"}[name[:4]]
        primary = "nonzeros@1" if kind == "cost" else "top1@1"
        queries.upsert_task(session, TaskRecord(name=name, version="1", kind=kind, title=name, primary_metric=primary))  # type: ignore[arg-type]
    content = {
        "cells": [{"task": task, "protocol": protocol, "seeds": list(seeds)} for task, protocol, _, seeds in CELLS]
    }
    queries.upsert_suite(session, SuiteRecord(name="wide", version="1", title="Forty columns", content=content))


def _write_results(session: Session) -> None:
    names = dict(session.execute(select(Model.id, Model.slug)).all())
    session.execute(insert(Checkpoint), [_checkpoint(number, slug or "") for number, slug in names.items()])
    checkpoints = {model: number for number, model in session.execute(select(Checkpoint.id, Checkpoint.model_id))}
    tasks, protocols, metrics = (
        {f"{name}@{version}": number for number, name, version in session.execute(select(t.id, t.name, t.version))}
        for t in (Task, Protocol, Metric)
    )
    keys = [(model, task, protocol, seed) for model in names for task, protocol, seeds in _jobs() for seed in seeds]
    session.execute(insert(Job), [_job(checkpoints[model], tasks[task], protocols[protocol], seed)
                                  for model, task, protocol, seed in keys])  # fmt: skip
    jobs = {tuple(row[1:]): row[0] for row in session.execute(
        select(Job.id, Job.checkpoint_id, Job.task_id, Job.protocol_id, Job.seed))}  # fmt: skip
    rows = _results(names, checkpoints, tasks, protocols, metrics, jobs)
    while block := [row for row, _ in zip(rows, range(5000), strict=False)]:
        session.execute(insert(Result), block)


def _jobs() -> Sequence[tuple[str, str, tuple[int, ...]]]:
    return list({(task, protocol): (task, protocol, seeds) for task, protocol, _, seeds in CELLS}.values())


def _results(
    names: dict[int, str | None], checkpoints: dict[int, int], tasks: dict[str, int], protocols: dict[str, int],
    metrics: dict[str, int], jobs: dict[Any, int],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    generator = np.random.default_rng(0)
    for place, (model, (task, protocol, metric, seeds)) in enumerate(product(names, CELLS)):
        for seed in seeds:
            value = float(generator.uniform(0.6, 0.9))
            yield {
                "model_id": model, "checkpoint_id": checkpoints[model], "task_id": tasks[task],
                "job_id": jobs[checkpoints[model], tasks[task], protocols[protocol], seed],
                "protocol_id": protocols[protocol], "metric_id": metrics[metric], "seed": seed, "condition": "",
                "value": value, "n": 5000, "runs": 1, "ci_low": value - 0.01, "ci_high": value + 0.01,
                "interval_method": "wilson", "replicates": REPLICATES[place % len(REPLICATES)], "trust": "measured",
                "provenance": {}, "created_us": 1,
            }  # fmt: skip


def _job(checkpoint: int, task: int, protocol: int, seed: int) -> dict[str, Any]:
    return {
        "checkpoint_id": checkpoint, "task_id": task, "protocol_id": protocol, "seed": seed, "state": "done",
        "attempt": 1, "max_attempts": 3, "batch_divisor": 1, "not_before_us": 0, "created_us": 1, "finished_us": 2,
    }  # fmt: skip


def _checkpoint(model: int, slug: str) -> dict[str, Any]:
    digest = hashlib.sha256(slug.encode()).hexdigest()
    return {
        "model_id": model, "densified_hash": f"d1:{digest}", "architecture": slug.split("/")[1],
        "preprocessing_hash": f"p1:{digest}", "preprocessing": {}, "bytes_dense": 100_000_000, "nonzeros": 2_600_000,
        "elements": 25_600_000, "prunable_nonzeros": 2_550_000, "prunable_elements": 25_500_000, "layers": [],
        "pattern": "unstructured", "mask_hash": f"m1:{digest}", "created_us": 1,
    }  # fmt: skip
