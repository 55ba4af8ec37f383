"""The check of one submission: what it fetches and from whom, how long it may take, and what becomes of a failure."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from meddling_hub import meddling_hub
from network_folders import write_network

from benchmark import intake
from benchmark.intake import attend
from registry import queries, submissions
from registry.accounts import create_account
from registry.db.session import session_scope
from registry.declarations import Declared
from registry.hub_check import check_on_hub
from registry.hub_client import digests_of
from registry.queries.training_data import training_data
from registry.quota_rules import Allowance
from registry.records import RevisionRecord, SubmissionRecord
from registry.settings import Settings
from registry.submission_rules import Edit
from zoo.checkpoint.dtypes import from_numpy, to_numpy
from zoo.checkpoint.folder import CARD, ModelFolder, write_folder
from zoo.checkpoint.safetensors_file import read_tensors
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.weights import SPARSE_WEIGHTS, WEIGHTS


@pytest.fixture
def receiver(tmp_path: Path, digit_models: tuple[ModelFolder, ModelFolder]) -> DigitCatalogue:
    """A catalogue that knows the dense parent and nothing else."""
    return digit_catalogue(tmp_path / "receiver", digit_models[:1])


@pytest.fixture
def settings(receiver: DigitCatalogue, hub: RunningHub) -> Settings:
    return replace(receiver.settings, hub_endpoint=hub.endpoint)


def submit(receiver: DigitCatalogue, endpoint: str, repo_id: str, revision: str = "main", **more: Any) -> str:
    with session_scope(receiver.engine, write=True) as session:
        record, _ = submissions.submit(
            session,
            hub_endpoint=endpoint,
            hub_repo=repo_id,
            revision=revision,
            suite="digits-demo@1",
            actor="somebody",
            **more,
        )
    return record.public_id


def state_of(receiver: DigitCatalogue, public_id: str) -> SubmissionRecord:
    with session_scope(receiver.engine) as session:
        return submissions.status(session, public_id).submission


def upload(hub: RunningHub, name: str, folder: Path, **files: Path) -> tuple[str, str]:
    """A repository with the files of a model folder, and others under their names; its id and commit."""
    api, repo_id = HfApi(endpoint=hub.endpoint, token=hub.token), f"{hub.namespace}/intake-{name}"
    api.create_repo(repo_id)
    commit = api.upload_folder(repo_id=repo_id, folder_path=folder).oid
    for path in files.values():
        commit = api.upload_file(path_or_fileobj=path, path_in_repo=path.name, repo_id=repo_id).oid
    return repo_id, str(commit)


def test_both_weight_files_are_registered_with_what_was_measured(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    write_sparse(tmp_path / SPARSE_WEIGHTS, read_tensors(sparse_model.weights))
    repo_id, commit = upload(hub, "both-files", sparse_model.path, sparse=tmp_path / SPARSE_WEIGHTS)
    public_id = submit(receiver, hub.endpoint, repo_id)
    assert attend(receiver.engine, settings)
    assert state_of(receiver, public_id).state == "queued"
    with session_scope(receiver.engine) as session:
        files = {row.file_name: (row.file_sha256, row.size_bytes) for row in queries.files_of(session, repo_id, commit)}
    expected = {WEIGHTS: digests_of(sparse_model.weights), SPARSE_WEIGHTS: digests_of(tmp_path / SPARSE_WEIGHTS)}
    assert files == {name: (digests.sha256, digests.size_bytes) for name, digests in expected.items()}


def test_two_files_that_are_not_one_model_are_refused(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    other = write_network(tmp_path / "other", sparsity=0.9, seed=77)
    write_sparse(tmp_path / SPARSE_WEIGHTS, read_tensors(other.weights))
    repo_id, _ = upload(hub, "two-models", sparse_model.path, sparse=tmp_path / SPARSE_WEIGHTS)
    public_id = submit(receiver, hub.endpoint, repo_id)
    attend(receiver.engine, settings)
    after = state_of(receiver, public_id)
    assert (after.state, after.reason) == ("rejected", "files_differ")


def test_a_repository_that_is_not_there_or_not_open_is_no_bad_model(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder
) -> None:
    repo_id, _ = upload(hub, "gated", sparse_model.path)
    HfApi(endpoint=hub.endpoint, token=hub.token).update_repo_settings(repo_id, gated="manual")
    for name in (f"{hub.namespace}/nothing-here", repo_id):
        public_id = submit(receiver, hub.endpoint, name)
        attend(receiver.engine, settings)
        after = state_of(receiver, public_id)
        assert (after.state, after.reason) == ("rejected", "not_on_hub")
        assert name in (after.detail or "")


def test_weights_that_the_catalogue_has_as_another_model_are_refused_with_its_name(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, digit_models: tuple[ModelFolder, ModelFolder]
) -> None:
    repo_id, _ = upload(hub, "known", digit_models[0].path)
    public_id = submit(receiver, hub.endpoint, repo_id)
    attend(receiver.engine, settings)
    after = state_of(receiver, public_id)
    assert (after.state, after.reason) == ("rejected", "weights_known")
    assert digit_models[0].provenance.slug in (after.detail or "")


def altered(folder: ModelFolder, target: Path, **provenance: Any) -> Path:
    """The same network with one weight moved by a hair, and other words about it."""
    tensors = {tensor.name: tensor for tensor in read_tensors(folder.weights)}
    bias = to_numpy(tensors["fc.bias"]).copy()
    bias[0] += 0.001
    moved = [*(tensor for name, tensor in tensors.items() if name != "fc.bias"), from_numpy("fc.bias", bias)]
    return write_folder(target, moved, folder.config, replace(folder.provenance, **provenance)).path


def test_a_parent_is_evaluated_once_for_all_that_were_pruned_from_it(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    (parent,) = receiver.checkpoints
    held = RevisionRecord(
        hub_endpoint=hub.endpoint, hub_repo="org/dense", commit_oid="a" * 40, file_name=WEIGHTS, file_sha256="b" * 64,
        size_bytes=1,
    )  # fmt: skip
    with session_scope(receiver.engine, write=True) as session:
        queries.register_revision(session, parent, held)
    first, _ = upload(hub, "child-one", sparse_model.path)
    second, _ = upload(hub, "child-two", altered(sparse_model, tmp_path / "two"))
    counted = []
    for repo_id in (first, second):
        public_id = submit(receiver, hub.endpoint, repo_id)
        attend(receiver.engine, settings)
        assert state_of(receiver, public_id).state == "queued"
        with session_scope(receiver.engine) as session:
            own = submissions.status(session, public_id).jobs
            of_parent = queries.jobs_of(session, parent)
            counted.append((len(own), len(of_parent), sum(queries.count_jobs(session).values())))
    cells = counted[0][0]
    assert counted == [(cells, cells, 2 * cells), (cells, cells, 3 * cells)]
    assert max(job.id for job in of_parent) < min(job.id for job in own), "the parent comes first"


def test_what_is_declared_goes_before_the_files_and_nobody_sees_it_yet(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    folder = altered(sparse_model, tmp_path / "odd", parent=None, slug="wise/resnet8-digits/0.50", method="wise")
    (folder / CARD).write_text("---\ndatasets: [uoft-cs/cifar10, MNIST, 7]\n---\n")
    repo_id, _ = upload(hub, "declared", folder)
    dense = name_of_parent(receiver)
    declared = Declared(parent=dense, training_data="MNIST, own scans")
    named = submit(receiver, hub.endpoint, repo_id, declared=declared)
    attend(receiver.engine, settings)
    assert state_of(receiver, named).state == "queued", state_of(receiver, named).detail
    with session_scope(receiver.engine) as session:
        model = queries.get_model(session, repo_id)
        assert training_data(session)[repo_id] == ("mnist", "own scans", "uoft-cs/cifar10")
    assert model is not None
    assert (model.parent, model.method, model.listed) == (dense, f"@{hub.namespace}/wise", False)
    with session_scope(receiver.engine, write=True) as session:
        submissions.edit(session, named, Edit(method="@ada/Wiser"), "somebody")
    with session_scope(receiver.engine) as session:
        renamed = queries.get_model(session, repo_id)
        assert repo_id not in {each.name for each in queries.list_models(session, only_shown=True)}
    assert renamed is not None
    assert renamed.method == "@ada/Wiser"


def test_nobody_else_describes_a_model_that_somebody_had_accepted(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    repo_id, commit = upload(hub, "described", altered(sparse_model, tmp_path / "odd"))
    with session_scope(receiver.engine, write=True) as session:
        accounts = {name: create_account(session, name) for name in ("eve", "ada", "bob")}
    for name, visibility in (("eve", "private"), ("ada", "public"), ("bob", "public")):
        declared = Declared(method=f"@{name}/prune", training_data=f"{name}'s scans")
        more: dict[str, Any] = {"account_id": accounts[name], "declared": declared, "visibility": visibility}
        public_id = submit(receiver, hub.endpoint, repo_id, **more)
        attend(receiver.engine, settings)
        assert state_of(receiver, public_id).state == "queued"
    with session_scope(receiver.engine, write=True) as session:
        submissions.edit(session, public_id, Edit(method="@bob/again"), "bob")
        history = [step.detail for step in submissions.status(session, public_id).transitions]
    with session_scope(receiver.engine) as session:
        model = queries.get_model(session, repo_id)
        assert training_data(session)[repo_id] == ("ada's scans",)
    assert model is not None
    assert model.method == "@ada/prune"
    assert f"main is commit {commit}" in history


def name_of_parent(receiver: DigitCatalogue) -> str:
    with session_scope(receiver.engine) as session:
        (model,) = queries.list_models(session)
    return model.name


def test_no_request_leaves_for_a_host_that_a_submitter_names(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub
) -> None:
    with meddling_hub(hub.endpoint) as inside:
        asked = (
            submit(receiver, inside.endpoint, "org/name"),
            submit(receiver, hub.endpoint, f"{inside.endpoint}/org/name"),
        )
        for public_id in asked:
            attend(receiver.engine, settings)
            after = state_of(receiver, public_id)
            assert (after.state, after.reason) == ("rejected", "hub_not_allowed")
            assert inside.endpoint in (after.detail or "")
    assert inside.sent == []


def test_a_hub_that_is_away_is_asked_again_later(receiver: DigitCatalogue, settings: Settings, hub: RunningHub) -> None:
    with meddling_hub(hub.endpoint) as away:
        away.cut = lambda _reply, _length: 0
        public_id = submit(receiver, away.endpoint, "org/name")
        attend(receiver.engine, replace(settings, hub_endpoint=away.endpoint))
    after = state_of(receiver, public_id)
    assert (after.state, after.reason) == ("received", "transient")


def _slow(step: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def slowed(*arguments: Any, **options: Any) -> Any:
        time.sleep(seconds)
        return step(*arguments, **options)

    return slowed


def test_a_check_that_is_longer_than_its_lease_keeps_it(
    receiver: DigitCatalogue,
    settings: Settings,
    hub: RunningHub,
    sparse_model: ModelFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repo_id, _ = upload(hub, "slow", sparse_model.path)
    public_id = submit(receiver, hub.endpoint, repo_id)
    monkeypatch.setattr(intake, "check_on_hub", _slow(check_on_hub, 2.0))
    worker = threading.Thread(target=attend, args=(receiver.engine, settings, 0.6))
    worker.start()
    while worker.is_alive():
        with session_scope(receiver.engine, write=True) as session:
            assert submissions.reap_checks(session) == 0
        worker.join(0.2)
    assert state_of(receiver, public_id).state == "queued"
    assert state_of(receiver, public_id).check_attempt == 1


def test_a_check_that_lost_its_lease_ends_quietly(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = submit(receiver, hub.endpoint, f"{hub.namespace}/whatever")

    def withdrawn_meanwhile(*_: Any, **__: Any) -> Any:
        with session_scope(receiver.engine, write=True) as session:
            submissions.withdraw(session, public_id, "somebody")
        raise RuntimeError("and then it broke")

    monkeypatch.setattr(intake, "check_on_hub", withdrawn_meanwhile)
    assert attend(receiver.engine, settings)
    assert state_of(receiver, public_id).state == "withdrawn"


def test_a_submission_beyond_its_account_s_quota_is_refused_with_what_is_left(
    receiver: DigitCatalogue, settings: Settings, hub: RunningHub, sparse_model: ModelFolder
) -> None:
    repo_id, _ = upload(hub, "dear", sparse_model.path)
    with session_scope(receiver.engine, write=True) as session:
        account_id = create_account(session, "ada")
        record, _ = submissions.submit(
            session, hub_endpoint=hub.endpoint, hub_repo=repo_id, revision="main", suite="digits-demo@1", actor="ada",
            account_id=account_id,
        )  # fmt: skip
    attend(receiver.engine, replace(settings, quota=Allowance(2.0, 7.0)))
    after = state_of(receiver, record.public_id)
    assert (after.state, after.reason) == ("rejected", "quota_exceeded")
    # Nothing like its jobs was measured: each counts a minute.
    assert "6.0 device minutes; 2.0 of 2 in 7 days are left" in (after.detail or "")
    with session_scope(receiver.engine) as session:
        assert queries.get_model(session, repo_id) is None
