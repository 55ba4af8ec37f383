"""A catalogue with something to evaluate: one model, its checkpoint, a task, a protocol, a metric and a suite."""

from dataclasses import replace

from sqlalchemy.orm import Session

from registry import queries
from registry.records import (
    CheckpointRecord,
    MetricRecord,
    ModelRecord,
    ProtocolRecord,
    ResultRecord,
    SuiteRecord,
    TaskRecord,
)

TASK, PROTOCOL, METRIC, SUITE = "digits@1", "linear@1", "top1@1", "demo@1"
MODEL = ModelRecord(
    slug="gmp/net/0.90", title="GMP", owner="me", method="gmp", architecture="net", sparsity_target=0.9,
    availability="make",
)  # fmt: skip
CHECKPOINT = CheckpointRecord(
    densified_hash="d1:" + "0" * 64, architecture="net", preprocessing_hash="p1:" + "1" * 64, preprocessing={},
    bytes_dense=4000, nonzeros=100, elements=1000, prunable_nonzeros=90, prunable_elements=900, layers=(),
    pattern="unstructured", mask_hash="m1:" + "2" * 64,
)  # fmt: skip
RESULT = ResultRecord(
    model="gmp/net/0.90", task=TASK, protocol=PROTOCOL, metric=METRIC, value=0.5, no_interval_reason="a test"
)


def fill(session: Session) -> int:
    """Write the rows; returns the id of the checkpoint."""
    queries.upsert_task(
        session, TaskRecord(name="digits", version="1", kind="transfer", title="Digits", primary_metric=METRIC)
    )
    queries.upsert_protocol(session, ProtocolRecord(name="linear", version="1", kind="linear", title="Linear"))
    metric = MetricRecord(name="top1", version=1, title="T", unit="fraction", direction="higher", definition="Share.")
    queries.upsert_metric(session, metric)
    cells = [{"task": TASK, "protocol": PROTOCOL}]
    queries.upsert_suite(session, SuiteRecord(name="demo", version="1", title="Demo", content={"cells": cells}))
    return queries.register_checkpoint(session, queries.upsert_model(session, MODEL), CHECKPOINT)


def result(value: float) -> ResultRecord:
    """What a job of :func:`fill`'s task measured."""
    return replace(RESULT, value=value)
