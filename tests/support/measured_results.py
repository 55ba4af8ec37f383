"""Results of a published model, written the way workers write them: through the queue, fenced by leases."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, queries
from registry.db.session import session_scope
from registry.records import MethodRecord, MetricRecord, ProtocolRecord, ResultRecord, TaskRecord

UPSTREAM, TRANSFER, SHIFT, COST = "digits-0-4@1", "digits-5-9@1", "digits-c-like@1", "cost@1"
ON_HUB = {"id": "prunarium/digits", "task_id": "five-to-nine", "revision": "5" * 40}
_TASKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    UPSTREAM: ("upstream", "Digits 0–4", {"data": {"spec": "digits:0-4"}}),
    TRANSFER: ("transfer", "Digits 5–9", {"data": {"spec": "digits:5-9", "hub": ON_HUB}}),
    SHIFT: ("shift", "Corrupted digits", {}),
    COST: ("cost", "What it costs", {}),
}
_PROTOCOLS = {"as-published@1": ("as_published", "as published"), "linear@1": ("linear", "linear probe")}


def add_plugins(engine: Engine) -> None:
    """A task of each kind, two protocols, two metrics, a method."""
    with session_scope(engine, write=True) as session:
        _write_plugins(session)


def add_results(engine: Engine, slug: str, seeds: int = 1, **changes: Any) -> None:
    """``seeds`` linear probes and one evaluation as published of the model's checkpoint; ``changes`` to every row."""
    add_plugins(engine)
    with session_scope(engine, write=True) as session:
        _run(session, slug, UPSTREAM, "as-published@1", 0, 0.9, changes)
        _run(session, slug, SHIFT, "as-published@1", 0, 0.6, changes, conditions=("", "fog/1", "fog/3"))
        _run(session, slug, COST, "as-published@1", 0, 0.002, changes)
        for seed in range(seeds):
            _run(session, slug, TRANSFER, "linear@1", seed, 0.8 + 0.01 * seed, changes)


def add_missing(engine: Engine, slug: str, reason: str) -> None:
    """The upstream task could not be measured."""
    add_plugins(engine)
    with session_scope(engine, write=True) as session:
        _run(session, slug, UPSTREAM, "as-published@1", 0, None, {"missing_reason": reason})


def _run(
    session: Session,
    slug: str,
    task: str,
    protocol: str,
    seed: int,
    value: float | None,
    changes: dict[str, Any],
    conditions: tuple[str, ...] = ("",),
) -> None:
    model = queries.model_id(session, slug)
    checkpoint = queries.checkpoint_of(session, model)
    if checkpoint is None or checkpoint.id is None:
        raise AssertionError(f"{slug} was not published")
    jobs.enqueue(session, checkpoint.id, task, protocol, seed)
    job = jobs.claim(session, "test-worker")
    if job is None:
        raise AssertionError("the queue gave no job")
    spread: dict[str, Any] = {} if value is None else {"ci_low": value - 0.01, "ci_high": value + 0.01}
    if spread:
        spread["interval_method"] = "wilson"
    metric = "latency-ms@1" if task == COST else "top1@1"
    rows = [
        ResultRecord(
            model=slug, task=task, protocol=protocol, metric=metric, value=value, n=311, condition=condition,
            **(spread | changes),
        )
        for condition in conditions
    ]  # fmt: skip
    jobs.finish(session, job.id, job.attempt, "test-worker", rows)


def _write_plugins(session: Session) -> None:
    queries.upsert_method(
        session, MethodRecord(name="gmp", title="GMP", family="magnitude", facts={"starts_from": "dense parent"})
    )
    for name, unit in (("top1", "fraction"), ("latency-ms", "milliseconds")):
        title = "top-1 accuracy" if name == "top1" else "latency"
        direction: Any = "higher" if name == "top1" else "lower"
        metric = MetricRecord(name=name, version=1, title=title, unit=unit, direction=direction, definition=title)
        queries.upsert_metric(session, metric)
    for reference, (kind, title) in _PROTOCOLS.items():
        name, _, version = reference.partition("@")
        record = ProtocolRecord(name=name, version=version, kind=kind, title=title)  # type: ignore[arg-type]
        queries.upsert_protocol(session, record)
    for reference, (kind, title, manifest) in _TASKS.items():
        name, _, version = reference.partition("@")
        primary = "latency-ms@1" if kind == "cost" else "top1@1"
        task = TaskRecord(
            name=name, version=version, kind=kind, title=title, primary_metric=primary, n_test=311,  # type: ignore[arg-type]
            manifest=manifest, licence="CC-BY-4.0", citation="E. Alpaydin and C. Kaynak (1998). doi:10.24432/C50P49",
        )  # fmt: skip
        queries.upsert_task(session, task)
