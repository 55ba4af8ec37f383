"""The loop of a worker: what it does with jobs that fail, are broken off, or are taken away."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from benchmark_catalogues import COST, FULL, IMPOSSIBLE, UPSTREAM, DigitCatalogue
from sqlalchemy import text

from benchmark import queues as queues_module
from benchmark.drain import Event, drain
from benchmark.job import Job
from benchmark.owners import this_owner
from benchmark.receipt_files import KEPT
from benchmark.results import Outcome
from benchmark.run_job import run_job
from registry import jobs
from registry.blobs import BlobStore
from registry.db.session import session_scope
from registry.errors import SigningKeyError
from registry.receipts import KEY_FILE, load_key, make_key, read_receipt

Fake = Callable[[Job, Path, BlobStore], Outcome]


def _drain(catalogue: DigitCatalogue, ids: list[int]) -> list[Event]:
    events: list[Event] = []
    drain(catalogue.order(ids), threading.Event(), events.append)
    return events


@pytest.fixture
def replace_run_job(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fake], None]:
    """Put something else in the place of the computation."""
    return lambda fake: monkeypatch.setattr(queues_module, "run_job", fake)


def test_every_job_ends_and_one_failure_does_not_stop_the_rest(catalogue: DigitCatalogue) -> None:
    ids = catalogue.enqueue([IMPOSSIBLE, COST, UPSTREAM])
    events = _drain(catalogue, ids)
    ended = {event.job_id: event for event in events if event.state != "started"}
    assert [ended[job].state for job in ids] == ["failed", "done", "done"] * 2
    assert ended[ids[0]].kind == "bad_model"
    assert "cannot be applied" in (ended[ids[0]].message or "")
    assert [job.state for job in catalogue.jobs(ids)] == ["failed", "done", "done"] * 2
    assert [event.state for event in events[::2]] == ["started"] * 6


def test_running_out_of_memory_halves_the_batch_and_tries_again(
    catalogue: DigitCatalogue, replace_run_job: Callable[[Fake], None]
) -> None:
    divisors = []

    def short_of_memory(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        divisors.append(job.batch_divisor)
        if job.batch_divisor < 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run_job(job, folder, blobs)

    replace_run_job(short_of_memory)
    ids = catalogue.enqueue([UPSTREAM], catalogue.checkpoints[:1])
    states = [event.state for event in _drain(catalogue, ids)]
    assert divisors == [1, 2, 4]
    assert states == ["started", "queued", "started", "queued", "started", "done"]
    assert catalogue.jobs(ids)[0].batch_divisor == 4
    assert {row.provenance["batch_divisor"] for row in catalogue.results()} == {4}


def test_a_worker_keeps_the_receipt_of_what_it_did(
    catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(catalogue.settings.home / KEY_FILE)
    ids = catalogue.enqueue([COST, IMPOSSIBLE], catalogue.checkpoints[:1])
    _drain(catalogue, ids)
    (file,) = (catalogue.settings.home / KEPT).iterdir()
    receipt = read_receipt(file.read_bytes())
    assert (receipt.evaluated.task, receipt.key) == (COST[0], load_key(catalogue.settings.home / KEY_FILE).public)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(queues_module, "keep_receipts", full)
    (again,) = catalogue.enqueue([COST], catalogue.checkpoints[1:])
    assert _drain(catalogue, [again])[-1].state == "done"
    assert f"receipt of job {again} could not be written" in capsys.readouterr().err


def test_a_key_that_others_may_read_stops_a_worker_before_it_begins(catalogue: DigitCatalogue) -> None:
    make_key(catalogue.settings.home / KEY_FILE)
    (catalogue.settings.home / KEY_FILE).chmod(0o644)
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    with pytest.raises(SigningKeyError, match="Others may read"):
        _drain(catalogue, ids)
    assert catalogue.jobs(ids)[0].state == "queued"


def test_a_bug_stops_its_job_and_tells_the_log(
    catalogue: DigitCatalogue, replace_run_job: Callable[[Fake], None], capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        raise KeyError(job.task)

    replace_run_job(broken)
    ids = catalogue.enqueue([UPSTREAM], catalogue.checkpoints[:1])
    _drain(catalogue, ids)
    (job,) = catalogue.jobs(ids)
    assert (job.state, job.attempt, job.failure_kind) == ("failed", 1, "bug")
    assert "KeyError" in (job.failure_message or "")
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_a_job_that_is_broken_off_goes_back_unharmed(
    catalogue: DigitCatalogue, replace_run_job: Callable[[Fake], None], interruption: type[BaseException]
) -> None:
    def interrupted(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        raise interruption

    replace_run_job(interrupted)
    ids = catalogue.enqueue([UPSTREAM], catalogue.checkpoints[:1])
    with pytest.raises(interruption):
        _drain(catalogue, ids)
    (job,) = catalogue.jobs(ids)
    assert (job.state, job.lease_owner) == ("queued", None)
    assert job.max_attempts - job.attempt == 3


def test_an_audience_that_is_gone_leaves_no_lease(catalogue: DigitCatalogue) -> None:
    def gone(event: Event) -> None:
        raise BrokenPipeError

    ids = catalogue.enqueue([UPSTREAM], catalogue.checkpoints[:1])
    with pytest.raises(BrokenPipeError):
        drain(catalogue.order(ids), threading.Event(), gone)
    assert [job.state for job in catalogue.jobs(ids)] == ["queued"]


def test_told_to_stop_it_finishes_the_job_in_hand(catalogue: DigitCatalogue) -> None:
    ids, stop = catalogue.enqueue([UPSTREAM, COST]), threading.Event()
    drain(catalogue.order(ids), stop, lambda _: stop.set())
    assert sorted(job.state for job in catalogue.jobs(ids)) == ["done", "queued", "queued", "queued"]


def test_results_of_a_lost_lease_are_dropped(
    catalogue: DigitCatalogue, replace_run_job: Callable[[Fake], None]
) -> None:
    """The lease runs out during the work and another worker takes the job: only its results are written."""
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    calls = []

    def overtaken(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        outcome = run_job(job, folder, blobs)
        calls.append(job)
        if len(calls) == 1:
            with session_scope(catalogue.engine, write=True) as session:
                session.execute(text("update job set lease_expires_us = 0"))
            with session_scope(catalogue.engine, write=True) as session:
                assert jobs.reap(session) == 1
        return outcome

    replace_run_job(overtaken)
    states = [event.state for event in _drain(catalogue, ids)]
    assert states == ["started", "lost", "started", "done"]
    (job,) = catalogue.jobs(ids)
    assert (job.state, job.attempt) == ("done", 2)
    assert len(catalogue.results()) == 4


def test_jobs_of_a_process_that_is_gone_are_taken_over_at_once(
    catalogue: DigitCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    with session_scope(catalogue.engine, write=True) as session:
        assert jobs.claim(session, "a dead worker", lease_seconds=3600) is not None
    monkeypatch.setattr(queues_module, "is_gone", lambda owner: owner == "a dead worker")
    assert [event.state for event in _drain(catalogue, ids)] == ["started", "done"]


def test_the_heartbeat_keeps_a_lease_that_is_shorter_than_the_work(
    catalogue: DigitCatalogue, replace_run_job: Callable[[Fake], None]
) -> None:
    taken: list[object] = []

    def slow(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        threading.Event().wait(2.5)
        with session_scope(catalogue.engine, write=True) as session:
            taken.append(jobs.claim(session, "a rival"))
        return run_job(job, folder, blobs)

    replace_run_job(slow)
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    events: list[Event] = []
    drain(catalogue.order(ids, lease_seconds=1.5), threading.Event(), events.append)
    assert taken == [None]
    assert [event.state for event in events] == ["started", "done"]


def test_the_lease_names_this_process_while_the_work_runs(
    catalogue: DigitCatalogue, replace_run_job: Callable[[Fake], None]
) -> None:
    seen: list[str | None] = []

    def looking(job: Job, folder: Path, blobs: BlobStore) -> Outcome:
        seen.extend(record.lease_owner for record in catalogue.jobs(ids))
        return run_job(job, folder, blobs)

    replace_run_job(looking)
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    _drain(catalogue, ids)
    assert seen == [this_owner()]


def test_a_missing_model_is_tried_again_and_then_told(catalogue: DigitCatalogue, tmp_path: Path) -> None:
    """Transient: the folder may appear; after three attempts with growing pauses the job fails with the sentence."""
    (tmp_path / "empty").mkdir()
    ids = catalogue.enqueue([COST], catalogue.checkpoints[:1])
    events: list[Event] = []

    def report(event: Event) -> None:
        events.append(event)
        with session_scope(catalogue.engine, write=True) as session:
            session.execute(text("update job set not_before_us = 0"))

    order = catalogue.order(ids)
    drain(type(order)(**{**vars(order), "folders": str(tmp_path / "empty")}), threading.Event(), report)
    ended = [event for event in events if event.state != "started"]
    assert [(event.state, event.kind) for event in ended] == [("queued", "transient")] * 2 + [("failed", "transient")]
    assert "None of the 0 model folders" in (ended[-1].message or "")


@pytest.mark.slow
def test_full_and_linear_are_results_apart(catalogue: DigitCatalogue) -> None:
    ids = catalogue.enqueue([FULL], catalogue.checkpoints[1:])
    _drain(catalogue, ids)
    assert {row.protocol for row in catalogue.results(task="digits-5-9@1")} == {"full@1"}
