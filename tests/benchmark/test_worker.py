"""A worker as its own process: signals, and submissions from the hub to the end."""

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import harness
import pytest
from benchmark_catalogues import COST, FULL, DigitCatalogue, digit_catalogue
from hub_fixture import RunningHub
from huggingface_hub import HfApi

from benchmark.worker import work
from registry import queries, submissions
from registry.db.session import session_scope
from registry.publish import publish
from registry.records import SubmissionRecord
from zoo.checkpoint.folder import ModelFolder

DEADLINE_SECONDS = 120


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


@pytest.mark.slow
def test_sigterm_finishes_the_job_in_hand(catalogue: DigitCatalogue) -> None:
    ids = catalogue.enqueue([FULL, COST], catalogue.checkpoints[:1])
    command = ["-m", "prunarium", "worker", "--folders", str(catalogue.folders)]
    process = harness.start(command, environ={"PRUNARIUM_HOME": str(catalogue.settings.home)})
    try:
        _wait_until(lambda: catalogue.jobs(ids)[0].state == "leased" or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        harness.kill_group(process)
    assert process.returncode == 0, stderr
    assert "Stopping after the current job" in stderr
    assert [job.state for job in catalogue.jobs(ids)] == ["done", "queued"]


def test_once_ends_with_the_queue_and_tells_each_job(
    catalogue: DigitCatalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = catalogue.enqueue([COST])
    before = signal.getsignal(signal.SIGTERM)
    work(catalogue.settings, folders=catalogue.folders, once=True)
    assert [job.state for job in catalogue.jobs(ids)] == ["done", "done"]
    told = capsys.readouterr().err
    assert told.count("done: ") == 2
    assert "The queue is empty." in told
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.fixture
def parent_only(tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder]) -> DigitCatalogue:
    """A catalogue that knows the dense parent and nothing else."""
    return digit_catalogue(tmp_path / "receiver", digit_models[:1])


def _submit(catalogue: DigitCatalogue, hub: RunningHub, repo_id: str, revision: str = "main") -> str:
    with session_scope(catalogue.engine, write=True) as session:
        record, _ = submissions.submit(
            session,
            hub_endpoint=hub.endpoint,
            hub_repo=repo_id,
            revision=revision,
            suite="digits-demo@1",
            actor="a submitter",
        )
    return record.public_id


def _worked(catalogue: DigitCatalogue, public_id: str) -> tuple[SubmissionRecord, list[str]]:
    with session_scope(catalogue.engine) as session:
        endpoint = submissions.status(session, public_id).submission.hub_endpoint
    work(replace(catalogue.settings, hub_endpoint=endpoint), once=True)
    with session_scope(catalogue.engine) as session:
        status = submissions.status(session, public_id)
    return status.submission, [step.new_state for step in status.transitions]


def test_a_submission_goes_from_the_hub_to_its_results(
    parent_only: DigitCatalogue, hub: RunningHub, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    author = digit_catalogue(tmp_path / "author", digit_models[:1])
    published = publish(
        digit_models[1].path, engine=author.engine, endpoint=hub.endpoint, namespace=hub.namespace, token=hub.token
    )
    public_id = _submit(parent_only, hub, published.repo_id, published.commit)
    submission, states = _worked(parent_only, public_id)
    assert states == ["received", "checking", "queued", "running", "done"], submission
    with session_scope(parent_only.engine) as session:
        model = queries.get_model(session, published.repo_id)
        assert model is not None
        assert model.slug is None  # slugs are given by curators, not by what a submitter writes into a file
        results = queries.results(session, model=published.repo_id)
    assert {row.task for row in results} == {
        "digits-0-4@1", "digits-c-like@1", "digits-ood@1", "cost@1", "digits-5-9@1"
    }  # fmt: skip


def test_a_folder_that_fails_the_check_is_rejected_with_its_reason(
    parent_only: DigitCatalogue, hub: RunningHub, sparse_model: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    api, repo_id = HfApi(endpoint=hub.endpoint, token=hub.token), f"{hub.namespace}/no-description"
    api.create_repo(repo_id)
    commit = api.upload_folder(repo_id=repo_id, folder_path=sparse_model.path, ignore_patterns=["prunarium.json"])
    submission, states = _worked(parent_only, _submit(parent_only, hub, repo_id, commit.oid))
    assert states == ["received", "checking", "rejected"]
    assert submission.reason == "bad_description"
    assert "prunarium.json is missing" in (submission.detail or "")
    assert f"{repo_id}@{commit.oid}, is refused (bad_description: prunarium.json" in capsys.readouterr().err


def test_weights_that_are_somebody_else_s_are_refused(
    catalogue: DigitCatalogue, hub: RunningHub, sparse_model: ModelFolder
) -> None:
    api, repo_id = HfApi(endpoint=hub.endpoint, token=hub.token), f"{hub.namespace}/copied"
    api.create_repo(repo_id)
    commit = api.upload_folder(repo_id=repo_id, folder_path=sparse_model.path)
    submission, _ = _worked(catalogue, _submit(catalogue, hub, repo_id, commit.oid))
    assert (submission.state, submission.reason) == ("rejected", "weights_known")
    assert sparse_model.provenance.slug in (submission.detail or "")
