"""History scored again from stored predictions: what is the same, what is new, and what cannot be worked out again."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmark_catalogues import COST, UPSTREAM, DigitCatalogue, digit_catalogue
from sqlalchemy import text

from benchmark import scoring
from benchmark.drain import drain
from benchmark.metrics import METRICS
from benchmark.rescore import RescoreReport, rescore
from prunarium.cli import run
from registry import queries
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import ImmutableRowError, InvalidRecordError, UnknownRecordError
from registry.records import ResultRecord
from zoo.checkpoint.folder import ModelFolder


@pytest.fixture
def done(tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A catalogue with an upstream job and a cost job of one model, both done by a version that knew fewer metrics."""
    made = digit_catalogue(tmp_path / "home", digit_models)
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "UPSTREAM", ("top1", "nll", "ece15", "nll-ts"))
        ids = made.enqueue([UPSTREAM, COST], made.checkpoints[1:])
        drain(made.order(ids), threading.Event(), lambda _: None)
    yield made
    made.engine.dispose()


def again(done: DigitCatalogue, **given: Any) -> RescoreReport:
    return rescore(done.settings, **given)


def whole(rows: list[ResultRecord]) -> dict[str, ResultRecord]:
    return {row.metric: row for row in rows if not row.condition}


def test_what_is_there_comes_out_the_same_and_what_is_new_is_added_once(done: DigitCatalogue) -> None:
    before = done.results(task=UPSTREAM[0])
    first, second = again(done), again(done)
    assert (first.jobs, first.same, first.superseded, first.changed) == (2, len(before), 0, ())
    assert first.added == len(scoring.UPSTREAM) - 4
    assert (second.same, second.added) == (first.same + first.added, 0)
    after = whole(done.results(task=UPSTREAM[0]))
    assert set(after) >= {f"{name}@{METRICS[name].version}" for name in scoring.UPSTREAM}
    assert after["brier@1"].trust == "measured"
    assert after["brier@1"].provenance["rescored"]["code_version"]
    assert after["brier@1"].provenance["device"] == after["top1@1"].provenance["device"]
    assert "rescored" not in after["top1@1"].provenance
    assert after["brier@1"].seed == after["top1@1"].seed


def test_what_was_measured_and_not_predicted_is_left_and_says_why(done: DigitCatalogue) -> None:
    (left,) = again(done).left_out
    assert left.task == COST[0]
    assert "measured, not predicted" in left.reason


def test_a_dry_run_compares_and_writes_nothing(done: DigitCatalogue) -> None:
    before = done.results()
    report = again(done, dry_run=True)
    assert report.added == len(scoring.UPSTREAM) - 4
    assert len(done.results()) == len(before)


def test_a_new_version_takes_the_place_of_the_old_number_which_stays(
    done: DigitCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    again(done)
    known: Any = METRICS["nll"]
    old_value = whole(done.results(task=UPSTREAM[0]))["nll@1"].value
    halved = replace(known, version=2, statistic=lambda samples: lambda counts: known.statistic(samples)(counts) / 2)
    monkeypatch.setitem(METRICS._entries, "nll", halved)
    report = again(done)
    assert (report.added, report.superseded, report.changed) == (1, 1, ())
    current = whole(done.results(task=UPSTREAM[0]))
    assert "nll@1" not in current
    history = {row.metric: row for row in done.results(task=UPSTREAM[0], history=True) if not row.condition}
    assert old_value is not None
    assert history["nll@1"].value == old_value
    assert history["nll@1"].superseded_by == current["nll@2"].id
    assert current["nll@2"].value == pytest.approx(old_value / 2)
    assert again(done).added == 0


def test_a_number_that_changes_without_a_new_version_is_told_and_not_written(
    done: DigitCatalogue, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope(done.engine, write=True) as session:
        session.execute(
            text(
                "update result set value = 0.125, ci_low = 0.1, ci_high = 0.2 where condition = '' and metric_id ="
                " (select id from metric where name = 'ece15' and version = 1)"
            )
        )
    (changed,) = again(done).changed
    assert (changed.metric, changed.was) == ("ece15@1", 0.125)
    assert changed.now == pytest.approx(whole(done.results(task=UPSTREAM[0]))["adaptive-ece15@1"].value, abs=0.2)
    assert whole(done.results(task=UPSTREAM[0]))["ece15@1"].value == 0.125
    monkeypatch.setenv("PRUNARIUM_HOME", str(done.settings.home))
    assert run(["benchmark", "rescore"]) == 1
    assert "changed without a new version: ece15@1" in capsys.readouterr().err


def test_predictions_that_are_gone_leave_their_numbers(done: DigitCatalogue) -> None:
    with session_scope(done.engine) as session:
        stored = [record for job in queries.done_jobs(session) for record in queries.predictions_of(session, job.id)]
    store = BlobStore(done.settings.blobs)
    Path(store.path(stored[0].blob_sha256)).unlink()
    reasons = {left.task: left.reason for left in again(done).left_out}
    assert "has no blob" in reasons[UPSTREAM[0]]
    assert len(done.results(task=UPSTREAM[0])) > 4


def test_a_task_of_another_version_is_left_and_said(done: DigitCatalogue) -> None:
    with session_scope(done.engine, write=True) as session:
        session.execute(text("update task set version = '0' where name = 'digits-0-4' and version = '1'"))
    reasons = {left.task: left.reason for left in again(done, dry_run=True).left_out}
    assert reasons["digits-0-4@0"] == "this version of Prunarium does not know the task"


@pytest.mark.slow
def test_models_are_chosen_by_name(done: DigitCatalogue, digit_models: tuple[ModelFolder, ModelFolder]) -> None:
    dense, sparse = (model.provenance.slug for model in digit_models)
    assert again(done, models=[dense]).jobs == 0
    assert again(done, models=[sparse], dry_run=True).jobs == 2
    with pytest.raises(UnknownRecordError):
        again(done, models=["nobody"])


@pytest.mark.slow
def test_the_command_prints_what_it_did(
    done: DigitCatalogue, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNARIUM_HOME", str(done.settings.home))
    assert run(["benchmark", "rescore", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["added"] == len(scoring.UPSTREAM) - 4
    assert run(["benchmark", "rescore"]) == 0
    told = capsys.readouterr().err
    assert "2 evaluations" in told
    assert "1 left as they are: it was measured, not predicted" in told


def test_rows_are_added_once_and_to_jobs_that_are_done(done: DigitCatalogue) -> None:
    row = whole(done.results(task=UPSTREAM[0]))["top1@1"]
    assert row.job_id is not None
    record = replace(row, id=None, job_id=None, checkpoint_id=None)
    with session_scope(done.engine, write=True) as session, pytest.raises(ImmutableRowError, match="top1@1"):
        queries.add_rescored_results(session, row.job_id, [record])
    (queued,) = done.enqueue([UPSTREAM], done.checkpoints[:1])
    with session_scope(done.engine, write=True) as session, pytest.raises(InvalidRecordError, match="is queued"):
        queries.add_rescored_results(session, queued, [record])
