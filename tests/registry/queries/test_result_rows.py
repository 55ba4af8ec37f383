"""Results: filtered, superseded, never changed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from queue_rows import CHECKPOINT, METRIC, MODEL, PROTOCOL, RESULT, SUITE, TASK, fill
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import jobs, queries
from registry.db.session import session_scope
from registry.errors import ImmutableRowError, InvalidRecordError, UnknownRecordError
from registry.records import SuiteRecord
from registry.statistics import pack_replicates, unpack_replicates

REPORTED = replace(RESULT, trust="reported", source="a paper, table 1")


@pytest.fixture
def filled(catalogue: Engine) -> Engine:
    with session_scope(catalogue, write=True) as session:
        fill(session)
    return catalogue


def test_every_filter_filters(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        assert queries.add_reported_results(session, [REPORTED]) == 1
        for found in (
            queries.results(session),
            queries.results(session, model="gmp/net/0.90", task=TASK, protocol=PROTOCOL, metric=METRIC),
            queries.results(session, suite=SUITE, trust="reported", condition=""),
        ):
            assert [row.value for row in found] == [REPORTED.value]
        for found in (
            queries.results(session, trust="measured"),
            queries.results(session, condition="noise/1"),
            queries.results(session, job_id=99),
        ):
            assert found == []


Ask = Callable[[Session], object]
UNKNOWN: list[Ask] = [
    lambda session: queries.results(session, model="gmp/net/0.91"),
    lambda session: queries.results(session, task="digit@1"),
    lambda session: queries.results(session, metric="top2@1"),
    lambda session: queries.results(session, suite="demos@1"),
]


@pytest.mark.parametrize("ask", UNKNOWN)
def test_an_unknown_name_suggests_the_nearest(filled: Engine, ask: Ask) -> None:
    with pytest.raises(UnknownRecordError, match="Did you mean"), session_scope(filled) as session:
        ask(session)


def test_a_suite_keeps_its_metrics_only(filled: Engine) -> None:
    cells = [{"task": TASK, "protocol": PROTOCOL, "metrics": ["nll@1"]}]
    with session_scope(filled, write=True) as session:
        queries.upsert_metric(session, replace(queries.list_metrics(session)[0], name="nll"))
        queries.upsert_suite(session, SuiteRecord(name="nll", version="1", title="NLL", content={"cells": cells}))
        queries.add_reported_results(session, [REPORTED, replace(REPORTED, metric="nll@1")])
        assert [row.metric for row in queries.results(session, suite="nll@1")] == ["nll@1"]


def test_replicates_come_when_asked_for(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        queries.add_reported_results(session, [replace(REPORTED, replicates=pack_replicates([0.25, 0.5]))])
        assert queries.results(session)[0].replicates is None
        packed = queries.results(session, with_replicates=True)[0].replicates
    assert packed is not None
    assert unpack_replicates(packed).tolist() == [0.25, 0.5]


def test_a_missing_value_has_a_reason_and_a_value_none(filled: Engine) -> None:
    missing = replace(REPORTED, value=None, missing_reason="the job failed: bug", no_interval_reason=None)
    with session_scope(filled, write=True) as session:
        queries.add_reported_results(session, [missing])
        assert [(row.value, row.missing_reason) for row in queries.results(session)] == [(None, "the job failed: bug")]
    for broken in (replace(missing, missing_reason=None), replace(REPORTED, missing_reason="why")):
        with pytest.raises(InvalidRecordError), session_scope(filled, write=True) as session:
            queries.add_reported_results(session, [replace(broken, source="another")])


def test_a_correction_supersedes_and_the_old_row_stays(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        queries.add_reported_results(session, [REPORTED, replace(REPORTED, value=0.6, source="the erratum")])
        old, new = sorted(queries.results(session), key=lambda row: row.id or 0)
        assert old.id is not None
        assert new.id is not None
        queries.supersede(session, old.id, new.id)
        assert [row.value for row in queries.results(session)] == [0.6]
        assert [row.value for row in queries.results(session, history=True)] == [0.5, 0.6]
        with pytest.raises(UnknownRecordError):
            queries.supersede(session, old.id, 999)


def test_a_published_number_is_written_once_and_not_changed(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        assert queries.add_reported_results(session, [REPORTED, REPORTED]) == 1
        assert queries.add_reported_results(session, [REPORTED]) == 0
        with pytest.raises(ImmutableRowError, match="Another value"):
            queries.add_reported_results(session, [replace(REPORTED, value=0.51)])
        with pytest.raises(InvalidRecordError, match="names its source"):
            queries.add_reported_results(session, [replace(REPORTED, source=None)])
        with pytest.raises(InvalidRecordError, match="reported or derived"):
            queries.add_reported_results(session, [replace(REPORTED, trust="measured")])


def test_results_of_a_former_checkpoint_are_history(filled: Engine) -> None:
    with session_scope(filled, write=True) as session:
        _measure(session, 1, 0.5)
        newer = queries.register_checkpoint(
            session, queries.model_id(session, MODEL.name), replace(CHECKPOINT, densified_hash="d1:" + "9" * 64)
        )
        assert queries.results(session) == []
        _measure(session, newer, 0.7)
        assert [row.value for row in queries.results(session)] == [0.7]
        assert [row.value for row in queries.results(session, history=True)] == [0.5, 0.7]


def _measure(session: Session, checkpoint: int, value: float) -> None:
    jobs.enqueue(session, checkpoint, TASK, PROTOCOL, 0)
    job = jobs.claim(session, "worker")
    assert job is not None
    jobs.finish(session, job.id, job.attempt, "worker", [replace(RESULT, value=value)])
