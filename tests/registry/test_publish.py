"""Publishing with the unmodified client to a real hub server; failures in the middle; publishing twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from network_folders import write_network
from sqlalchemy import Engine

from registry import publish as module
from registry import queries
from registry.db.session import session_scope
from registry.errors import (
    DuplicateCheckpointError,
    HubAccessError,
    HubError,
    RegistryError,
    RejectedError,
)
from registry.hub_client import digests_of
from registry.publish import Published, find_folders, own_namespace, publish
from registry.records import CheckpointRecord, ModelRecord, RevisionRecord
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PROVENANCE, WEIGHTS, ModelFolder
from zoo.checkpoint.passport import Passport, measure
from zoo.checkpoint.strict import read_json

FILES = {WEIGHTS, CONFIG, PROVENANCE, PASSPORT, CARD}


@pytest.fixture
def publisher(hub: RunningHub, sqlite_catalogue: Engine) -> Any:
    def call(folder: ModelFolder, **options: Any) -> Published:
        arguments = {"endpoint": hub.endpoint, "namespace": hub.namespace, "token": hub.token} | options
        return publish(folder.path, engine=sqlite_catalogue, **arguments)

    return call


@pytest.fixture
def dense(request: pytest.FixtureRequest, tmp_path: Path) -> ModelFolder:
    """A dense model that no other test has: the hub is shared."""
    return write_network(tmp_path / "dense", seed=crc32(request.node.name.encode()))


def api(hub: RunningHub, token: str | None = None) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=token or False)


def rows(engine: Engine, slug: str) -> tuple[ModelRecord, CheckpointRecord, list[RevisionRecord]] | None:
    with session_scope(engine) as session:
        model = queries.get_model(session, slug)
        if model is None or model.id is None:
            return None
        checkpoint = queries.checkpoint_of(session, model.id)
        assert checkpoint is not None
        assert checkpoint.id is not None
        return model, checkpoint, queries.revisions_of(session, checkpoint.id)


def test_everything_arrives_and_everybody_sees_it(
    dense: ModelFolder, publisher: Any, hub: RunningHub, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    done = publisher(dense)
    assert done.created
    assert done.repo_id == f"{hub.namespace}/{dense.provenance.slug.replace('/', '-')}"
    public = api(hub)
    assert set(public.list_repo_files(done.repo_id)) - {".gitattributes"} == FILES
    place = Path(public.snapshot_download(done.repo_id, revision=done.commit, cache_dir=tmp_path / "cache"))
    for name in (WEIGHTS, CONFIG, PROVENANCE):
        assert (place / name).read_bytes() == (dense.path / name).read_bytes()
    passport = measure(dense.weights, dense.config)
    assert Passport.from_json(read_json(place / PASSPORT)) == passport
    assert done.densified_hash == passport.densified_hash
    found = rows(sqlite_catalogue, dense.provenance.slug)
    assert found is not None
    model, checkpoint, (revision,) = found
    assert (model.hub_id, model.owner, model.availability, model.licence) == (
        done.repo_id, hub.namespace, "hub", "Apache-2.0")  # fmt: skip
    assert checkpoint.densified_hash == passport.densified_hash
    assert (checkpoint.prunable_nonzeros, checkpoint.flops_dense) == (passport.prunable_nonzeros, passport.flops_dense)
    assert (revision.commit_oid, revision.hub_endpoint) == (done.commit, hub.endpoint)
    assert revision.file_sha256 == digests_of(dense.weights).sha256


def test_publishing_again_changes_nothing(dense: ModelFolder, publisher: Any, hub: RunningHub) -> None:
    first = publisher(dense)
    commits = api(hub).list_repo_commits(first.repo_id)
    again = publisher(dense)
    assert not again.created
    assert again.commit == first.commit
    assert len(api(hub).list_repo_commits(first.repo_id)) == len(commits)


def test_an_identity_survives_a_new_card(
    dense: ModelFolder, publisher: Any, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    first = publisher(dense)
    renamed = write_network(tmp_path / "renamed", seed=dense.provenance.replicate, title="Another title")
    second = publisher(renamed)
    assert second.created
    assert second.commit != first.commit
    assert second.densified_hash == first.densified_hash
    found = rows(sqlite_catalogue, dense.provenance.slug)
    assert found is not None
    assert found[0].title == "Another title"
    assert [row.commit_oid for row in found[2]] == [second.commit, first.commit]


def test_a_child_names_its_parents_repository(
    dense: ModelFolder, publisher: Any, hub: RunningHub, tmp_path: Path
) -> None:
    parent = publisher(dense)
    child = write_network(
        tmp_path / "child",
        sparsity=0.9,
        seed=dense.provenance.replicate,
        parent_hash=measure(dense.weights).densified_hash,
    )
    done = publisher(child)
    info = api(hub).model_info(done.repo_id)
    assert info.card_data is not None
    assert info.card_data["base_model"] == parent.repo_id
    assert set(info.tags or ()) >= {"pruned", "gmp", "resnet8-digits"}


def test_a_folder_that_fails_the_check_leaves_no_trace(
    publisher: Any, hub: RunningHub, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    orphan = write_network(tmp_path / "orphan", sparsity=0.5, seed=1, licence=None)
    with pytest.raises(RejectedError) as caught:
        publisher(orphan)
    assert "parent_missing: dense/resnet8-digits/0.00-s1 is not in the catalogue" in caught.value.message
    assert "licence_missing" in caught.value.message
    assert not api(hub, hub.token).repo_exists(f"{hub.namespace}/gmp-resnet8-digits-0.50-s1")
    assert rows(sqlite_catalogue, orphan.provenance.slug) is None


def test_the_weights_of_another_model_are_refused_before_anything_is_uploaded(
    dense: ModelFolder, publisher: Any, hub: RunningHub, tmp_path: Path
) -> None:
    publisher(dense)
    seed = dense.provenance.replicate
    copy = write_network(tmp_path / "copy", seed=seed, slug=f"dense/resnet8-digits/0.00-copy{seed}")
    with pytest.raises(DuplicateCheckpointError, match=f"already, as {dense.provenance.slug}"):
        publisher(copy)
    assert not api(hub, hub.token).repo_exists(f"{hub.namespace}/dense-resnet8-digits-0.00-copy{seed}")


class CutError(ConnectionError):
    """The power fails."""


def cut(*_: Any, **__: Any) -> Any:
    raise CutError("cut")


@pytest.mark.parametrize("step", ["create_repo", "repo_info", "create_commit", "update_repo_settings"])
def test_a_cut_at_any_call_leaves_nothing_half_visible_and_a_rerun_completes(
    step: str,
    dense: ModelFolder,
    publisher: Any,
    hub: RunningHub,
    sqlite_catalogue: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repo_id = f"{hub.namespace}/{dense.provenance.slug.replace('/', '-')}"
    with monkeypatch.context() as patch:
        patch.setattr(HfApi, step, cut)
        with pytest.raises(HubError):
            publisher(dense)
    assert not api(hub).repo_exists(repo_id), "a stranger must not see a half-made model"
    assert rows(sqlite_catalogue, dense.provenance.slug) is None
    publisher(dense)
    assert set(api(hub).list_repo_files(repo_id)) >= FILES
    assert rows(sqlite_catalogue, dense.provenance.slug) is not None


def test_a_cut_before_the_catalogue_is_made_up_by_a_rerun_without_a_second_commit(
    dense: ModelFolder, publisher: Any, sqlite_catalogue: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(queries, "register_revision", cut)
        with pytest.raises(CutError):
            publisher(dense)
    assert rows(sqlite_catalogue, dense.provenance.slug) is None, "the catalogue is written in one transaction"
    again = publisher(dense)
    assert not again.created
    found = rows(sqlite_catalogue, dense.provenance.slug)
    assert found is not None
    assert [row.commit_oid for row in found[2]] == [again.commit]


def test_somebody_elses_commit_in_between_is_not_overwritten(
    dense: ModelFolder, publisher: Any, hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = publisher(dense)
    mine = api(hub, hub.token)
    create_commit = HfApi.create_commit

    def late(self: HfApi, repo_id: str, *arguments: Any, **options: Any) -> Any:
        mine_create = create_commit
        monkeypatch.setattr(HfApi, "create_commit", mine_create)
        mine.upload_file(path_or_fileobj=b"theirs", path_in_repo="NOTES.md", repo_id=repo_id)
        return mine_create(self, repo_id, *arguments, **options)

    mine.upload_file(path_or_fileobj=b"edited", path_in_repo=CARD, repo_id=done.repo_id)
    monkeypatch.setattr(HfApi, "create_commit", late)
    with pytest.raises(HubError, match="412"):
        publisher(dense)
    assert publisher(dense).created
    files = mine.list_repo_files(done.repo_id)
    assert "NOTES.md" in files


def test_a_pickle_in_the_repository_is_removed(dense: ModelFolder, publisher: Any, hub: RunningHub) -> None:
    done = publisher(dense)
    mine = api(hub, hub.token)
    mine.upload_file(path_or_fileobj=b"\x80\x04.", path_in_repo="pytorch_model.bin", repo_id=done.repo_id)
    assert publisher(dense).created
    assert "pytorch_model.bin" not in mine.list_repo_files(done.repo_id)


def test_weights_that_change_while_they_are_uploaded_never_reach_the_catalogue(
    dense: ModelFolder, publisher: Any, sqlite_catalogue: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = write_network(tmp_path / "other", seed=dense.provenance.replicate + 1)

    def swap_after(content: Path | bytes) -> Any:
        digests = digests_of(content)
        if content == dense.weights:
            dense.weights.write_bytes(other.weights.read_bytes())
        return digests

    monkeypatch.setattr(module, "digests_of", swap_after)
    with pytest.raises(HubError, match="holds other weights than the folder"):
        publisher(dense)
    assert rows(sqlite_catalogue, dense.provenance.slug) is None


def test_private_is_for_the_owner_only_until_published_without(
    dense: ModelFolder, publisher: Any, hub: RunningHub
) -> None:
    done = publisher(dense, private=True)
    assert not api(hub).repo_exists(done.repo_id)
    assert api(hub, hub.token).repo_exists(done.repo_id)
    again = publisher(dense)
    assert not again.created
    assert api(hub).repo_exists(done.repo_id)


@pytest.mark.parametrize(("options"), [{"token": None}, {"token": "hf_wrong"}, {"namespace": "somebody-else"}])
def test_without_the_right_nothing_is_written(
    options: dict[str, Any], dense: ModelFolder, publisher: Any, sqlite_catalogue: Engine
) -> None:
    with pytest.raises(HubAccessError) as caught:
        publisher(dense, **options)
    assert caught.value.hint is not None
    assert "PRUNARIUM_HUB_TOKEN" in caught.value.hint
    assert rows(sqlite_catalogue, dense.provenance.slug) is None


def test_two_at_once_make_one_model(dense: ModelFolder, publisher: Any, sqlite_catalogue: Engine) -> None:
    def attempt(_: int) -> Published | RegistryError:
        try:
            return publisher(dense)  # type: ignore[no-any-return]
        except RegistryError as error:
            return error

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, range(3)))
    assert any(isinstance(outcome, Published) for outcome in outcomes)
    final = publisher(dense)
    assert not final.created
    found = rows(sqlite_catalogue, dense.provenance.slug)
    assert found is not None
    assert found[2][0].commit_oid == final.commit


def test_own_namespace(hub: RunningHub) -> None:
    assert own_namespace(hub.endpoint, hub.token) == hub.namespace
    with pytest.raises(HubAccessError, match="needs a token"):
        own_namespace(hub.endpoint, None)


def test_folders_are_found_parents_first(tmp_path: Path) -> None:
    write_network(tmp_path / "a-child", sparsity=0.5)
    write_network(tmp_path / "z-parent")
    (tmp_path / ".half.part").mkdir()
    (tmp_path / ".half.part" / PROVENANCE).write_text("{}")
    (tmp_path / "notes").mkdir()
    assert [path.name for path in find_folders(tmp_path)] == ["z-parent", "a-child"]
    assert find_folders(tmp_path / "a-child") == [tmp_path / "a-child"]
    assert find_folders(tmp_path / "notes") == []


def test_a_missing_folder_is_named(publisher: Any, hub: RunningHub, sqlite_catalogue: Engine, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such model folder"):
        publish(
            tmp_path / "nowhere",
            engine=sqlite_catalogue,
            endpoint=hub.endpoint,
            namespace=hub.namespace,
            token=hub.token,
        )


def test_passport_and_card_are_deterministic_bytes(dense: ModelFolder, publisher: Any, hub: RunningHub) -> None:
    done = publisher(dense)
    passport = Path(api(hub).hf_hub_download(done.repo_id, PASSPORT)).read_text()
    assert json.dumps(json.loads(passport), indent=2, ensure_ascii=False) + "\n" == passport
