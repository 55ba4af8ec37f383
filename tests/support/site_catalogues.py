"""Catalogues for tests of the site: empty, with the published rows, and with a small measured suite beside them.

The measured rows are made up (a formula of method, sparsity and seed), and written the way workers write: through the
queue, fenced by leases.
"""

import hashlib
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, queries
from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from registry.records import (
    ArchitectureRecord,
    CheckpointRecord,
    MethodRecord,
    MetricRecord,
    ModelRecord,
    ProtocolRecord,
    ResultRecord,
    RevisionRecord,
    ShiftRecord,
    SuiteRecord,
    TaskRecord,
)
from registry.reported import load_reported

SUITE = "digits-demo@1"
METHODS = {"gmp": "Gradual magnitude", "rigl": "RigL", "random": "Static random"}
SPARSITIES = (0.9, 0.98)
SEEDS = (0, 1, 2)
CONDITIONS = tuple(f"{name}/{level}" for name in ("gaussian_noise", "contrast", "pixelate") for level in (1, 3, 5))
_CELLS = (
    ("digits-0-4@1", "as-published@1", ("top1@1", "nll@1", "nll-ts@1", "ece15@1")),
    ("digits-c-like@1", "as-published@1", ("top1@1",)),
    ("digits-ood@1", "as-published@1", ("auroc@1",)),
    ("cost@1", "as-published@1", ("nonzeros@1", "latency-ms@1")),
    ("digits-5-9@1", "linear@1", ("top1@1",)),
    ("digits-5-9@1", "full@1", ("top1@1",)),
)


def empty_catalogue(path: Path) -> Engine:
    """A new SQLite catalogue without a row."""
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    return engine


def add_reported(engine: Engine) -> None:
    """The published rows."""
    with session_scope(engine, write=True) as session:
        load_reported(session)


def add_measured(engine: Engine, *, leave_out: str | None = None) -> None:
    """Three runs each of dense and of three methods at two sparsities on the digits suite; ``leave_out`` names a model
    that gets no full fine-tuning result but a reason."""
    with session_scope(engine, write=True) as session:
        _write_plugins(session)
        for seed in SEEDS:
            _write_model(session, "dense", 0.0, seed, leave_out)
            for method in METHODS:
                for sparsity in SPARSITIES:
                    _write_model(session, method, sparsity, seed, leave_out)


def slug_of(method: str, sparsity: float, seed: int) -> str:
    """The slug of a made-up model."""
    return f"{method}/resnet8-digits/{sparsity:.2f}-s{seed}"


def error_of(method: str, sparsity: float, seed: int, kind: str) -> float:
    """The made-up error on digits 5 to 9 (fraction): dense 6 %, worse with sparsity, worst for random."""
    base = 0.06 if kind == "linear" else 0.03
    rate = {"dense": 0.0, "gmp": 0.04, "rigl": 0.05, "random": 0.20}[method]
    return round(base + rate * sparsity**4 + 0.004 * (seed - 1) * (1 + rate * 10), 6)


def _write_plugins(session: Session) -> None:
    queries.upsert_method(session, MethodRecord(name="dense", title="Dense", family="dense"))
    for name, title in METHODS.items():
        family = {"gmp": "magnitude", "rigl": "regrowth", "random": "random"}[name]
        paper = "https://arxiv.org/abs/1710.01878"
        queries.upsert_method(session, MethodRecord(name=name, title=title, family=family, paper=paper))
    queries.upsert_architecture(
        session, ArchitectureRecord(name="resnet8-digits", title="ResNet-8 for digits", input_size=(1, 8, 8))
    )
    for name, kind in (("as-published", "as_published"), ("linear", "linear"), ("full", "full")):
        protocol = ProtocolRecord(name=name, version="1", kind=kind, title=f"{name} by this project")  # type: ignore[arg-type]
        queries.upsert_protocol(session, protocol)
    for name, unit, direction in (
        ("top1", "fraction", "higher"), ("nll", "nats", "lower"), ("nll-ts", "nats", "lower"),
        ("ece15", "fraction", "lower"), ("auroc", "fraction", "higher"), ("nonzeros", "count", "lower"),
        ("latency-ms", "ms", "lower"),
    ):  # fmt: skip
        if queries.get_metric(session, f"{name}@1") is None:
            metric = MetricRecord(name=name, version=1, title=name, unit=unit, direction=direction, definition=name)  # type: ignore[arg-type]
            queries.upsert_metric(session, metric)
    for name, kind, metric_ref in (
        ("digits-0-4", "upstream", "top1@1"), ("digits-5-9", "transfer", "top1@1"),
        ("digits-c-like", "shift", "top1@1"), ("digits-ood", "ood", "auroc@1"), ("cost", "cost", "nonzeros@1"),
    ):  # fmt: skip
        task = TaskRecord(
            name=name, version="1", kind=kind, title=name, primary_metric=metric_ref, n_test=311, classes=5,  # type: ignore[arg-type]
            licence="CC0-1.0", citation="Alpaydin and Kaynak 1998.", source="scikit-learn",
        )  # fmt: skip
        queries.upsert_task(session, task)
    queries.upsert_shift(
        session,
        ShiftRecord(task="digits-c-like@1", source_task="digits-0-4@1", regenerated=True, conditions=CONDITIONS),
    )
    cells = [{"task": task, "protocol": protocol, "seeds": [0]} for task, protocol, _ in _CELLS]
    name, _, version = SUITE.partition("@")
    suite = SuiteRecord(name=name, version=version, title="Handwritten digits", content={"cells": cells})
    queries.upsert_suite(session, suite)


def _write_model(session: Session, method: str, sparsity: float, seed: int, leave_out: str | None) -> None:
    slug = slug_of(method, sparsity, seed)
    model = ModelRecord(
        slug=slug,
        hub_id=f"prunarium/{slug.replace('/', '-')}",
        title=f"{METHODS.get(method, 'Dense')}, digits, {sparsity * 100:.0f} %, seed {seed}",
        owner="prunarium",
        method=method,
        architecture="resnet8-digits",
        sparsity_target=sparsity,
        replicate=seed,
        parent=None if method == "dense" else slug_of("dense", 0.0, seed),
        upstream_data="digits:0-4",
        licence="Apache-2.0",
        training_epochs=20,
        upstream_top1=0.98,
        availability="hub",
    )
    model_id = queries.upsert_model(session, model)
    checkpoint_id = queries.register_checkpoint(session, model_id, _checkpoint(slug, sparsity))
    digest = hashlib.sha256(slug.encode()).hexdigest()
    revision = RevisionRecord(
        hub_endpoint="http://127.0.0.1:9", hub_repo=model.hub_id or "", commit_oid=digest[:40],
        file_name="model.safetensors", file_sha256=digest, size_bytes=80_000,
    )  # fmt: skip
    queries.register_revision(session, checkpoint_id, revision)
    for task, protocol, metrics in _CELLS:
        jobs.enqueue(session, checkpoint_id, task, protocol, 0)
        job = jobs.claim(session, "test-worker")
        if job is None:
            raise AssertionError("the queue gave no job")
        missing = slug == leave_out and protocol == "full@1"
        results = [_missing(slug, task, protocol, metrics[0])] if missing else []
        if not missing:
            for metric in metrics:
                results += _results(slug, method, sparsity, seed, task, protocol, metric)
        jobs.finish(session, job.id, job.attempt, "test-worker", results)


def _checkpoint(slug: str, sparsity: float) -> CheckpointRecord:
    digest = hashlib.sha256(slug.encode()).hexdigest()
    sizes = {"stem.conv.weight": 144, "block1.conv1.weight": 2304, "block2.conv1.weight": 9216, "fc.weight": 320}
    layers = tuple(
        {"name": name, "shape": [size], "elements": size, "nonzeros": round(size * (1 - sparsity)), "prunable": True}
        for name, size in sizes.items()
    )
    kept = sum(round(size * (1 - sparsity)) for size in sizes.values())
    return CheckpointRecord(
        densified_hash=f"d1:{digest}", architecture="resnet8-digits", preprocessing_hash=f"p1:{digest}",
        preprocessing={}, bytes_dense=48_000, nonzeros=kept + 100, elements=sum(sizes.values()) + 100,
        prunable_nonzeros=kept, prunable_elements=sum(sizes.values()), layers=layers, pattern="unstructured",
        mask_hash=f"m1:{digest}", flops_dense=1.2e6, flops_sparse=1.2e6 * (1 - sparsity),
    )  # fmt: skip


def _results(
    slug: str, method: str, sparsity: float, seed: int, task: str, protocol: str, metric: str
) -> list[ResultRecord]:
    error = error_of(method, sparsity, seed, protocol.partition("@")[0])
    if task == "digits-c-like@1":
        return [
            _result(slug, task, protocol, metric, 0.95 - error - 0.06 * int(condition[-1]), condition)
            for condition in CONDITIONS
        ]
    value = {
        "top1@1": 1 - error, "nll@1": 0.1 + 3 * error, "nll-ts@1": 0.1 + 2.5 * error, "ece15@1": error / 2,
        "auroc@1": 0.9 - error, "nonzeros@1": 12084 * (1 - sparsity), "latency-ms@1": 0.8,
    }[metric]  # fmt: skip
    return [_result(slug, task, protocol, metric, value)]


def _result(slug: str, task: str, protocol: str, metric: str, value: float, condition: str = "") -> ResultRecord:
    return ResultRecord(
        model=slug, task=task, protocol=protocol, metric=metric, condition=condition, value=value, n=311,
        ci_low=value - 0.01, ci_high=value + 0.01, interval_method="wilson",
    )  # fmt: skip


def _missing(slug: str, task: str, protocol: str, metric: str) -> ResultRecord:
    return ResultRecord(
        model=slug, task=task, protocol=protocol, metric=metric, value=None, missing_reason="sparsity was lost"
    )
