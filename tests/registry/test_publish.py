"""Publishing with the unmodified client to a real hub server, and failures in the middle."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from huggingface_hub import HfApi
from network_folders import write_network
from publishing import FILES, SPARSE_FILES, Publisher, cut

from registry import check as checking
from registry import publish as module
from registry.errors import DuplicateCheckpointError, HubAccessError, HubError, RejectedError
from registry.hub_client import digests_of
from registry.publish import find_folders, own_namespace
from registry.pull import pull
from zoo.checkpoint.errors import CheckpointError
from zoo.checkpoint.folder import CARD, CONFIG, PASSPORT, PICTURE, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS, ModelFolder
from zoo.checkpoint.passport import Passport, measure
from zoo.checkpoint.strict import read_json
from zoo.checkpoint.weights import read_weights
from zoo.core.files import sha256_of_file
from zoo.core.hashing import densified_hash


def test_everything_arrives_and_everybody_sees_it(
    dense: ModelFolder, publisher: Publisher, hub: RunningHub, tmp_path: Path
) -> None:
    done = publisher(dense)
    assert done.created
    assert done.repo_id == publisher.repo_id(dense)
    public = publisher.anonymous
    assert set(public.list_repo_files(done.repo_id)) - {".gitattributes"} == FILES
    place = Path(public.snapshot_download(done.repo_id, revision=done.commit, cache_dir=tmp_path / "cache"))
    for name in (WEIGHTS, CONFIG, PROVENANCE):
        assert (place / name).read_bytes() == (dense.path / name).read_bytes()
    passport = measure(dense.weights, dense.config)
    assert Passport.from_json(read_json(place / PASSPORT)) == passport
    assert done.densified_hash == passport.densified_hash
    found = publisher.rows(dense.provenance.slug)
    assert found is not None
    model, checkpoint, (revision,) = found
    assert (model.hub_id, model.owner, model.availability, model.licence) == (
        done.repo_id, hub.namespace, "hub", "Apache-2.0")  # fmt: skip
    assert checkpoint.densified_hash == passport.densified_hash
    assert (checkpoint.prunable_nonzeros, checkpoint.flops_dense) == (passport.prunable_nonzeros, passport.flops_dense)
    assert (revision.commit_oid, revision.hub_endpoint) == (done.commit, hub.endpoint)
    assert revision.file_sha256 == digests_of(dense.weights).sha256


def test_a_pruned_model_goes_in_both_files_with_its_picture_and_one_revision_each(
    pruned: ModelFolder, publisher: Publisher, tmp_path: Path
) -> None:
    done = publisher(pruned)
    public = publisher.anonymous
    assert set(public.list_repo_files(done.repo_id)) - {".gitattributes"} == SPARSE_FILES
    place = Path(public.snapshot_download(done.repo_id, revision=done.commit, cache_dir=tmp_path / "cache"))
    assert (place / WEIGHTS).read_bytes() == pruned.weights.read_bytes()
    assert (place / SPARSE_WEIGHTS).stat().st_size < 0.5 * (place / WEIGHTS).stat().st_size
    assert densified_hash(read_weights(place / SPARSE_WEIGHTS)) == done.densified_hash
    assert f"]({PICTURE})" in (place / CARD).read_text()
    found = publisher.rows(pruned.provenance.slug)
    assert found is not None
    assert {row.file_name: (row.file_sha256, row.size_bytes) for row in found[2]} == {
        name: (sha256_of_file(place / name), (place / name).stat().st_size) for name in (WEIGHTS, SPARSE_WEIGHTS)
    }
    assert {row.commit_oid for row in found[2]} == {done.commit}
    assert found[1].encodings is not None
    assert found[1].dead_channels == measure(pruned.weights, pruned.config).dead_channels


def test_a_model_too_empty_for_a_sparse_file_goes_as_the_dense_one_alone(
    pruned: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = publisher(pruned)
    assert first.notes == ()
    monkeypatch.setattr("zoo.checkpoint.sparse.header.FREE_BYTES", 0)
    monkeypatch.setattr("zoo.checkpoint.sparse.header.MAX_EXPANSION", 1)
    seed = pruned.provenance.replicate
    retrained = write_network(
        tmp_path / "retrained",
        sparsity=0.9,
        seed=seed + 1,
        slug=pruned.provenance.slug,
        parent=pruned.provenance.parent,
        parent_hash=pruned.provenance.parent_hash,
    )
    done = publisher(retrained)
    assert [f"no {SPARSE_WEIGHTS}" in note for note in done.notes] == [True]
    assert set(publisher.anonymous.list_repo_files(done.repo_id)) - {".gitattributes"} == SPARSE_FILES - {
        SPARSE_WEIGHTS
    }, "the sparse file of the former weights is gone"
    again = publisher(retrained)
    assert (again.created, again.commit) == (False, done.commit)
    got = pull(done.slug, engine=publisher.engine, endpoint=publisher.hub.endpoint, cache=tmp_path / "cache")
    assert (got.weights, got.densified_hash) == (WEIGHTS, done.densified_hash)
    assert first.densified_hash != done.densified_hash


def test_a_child_names_its_parents_repository(dense: ModelFolder, publisher: Publisher, tmp_path: Path) -> None:
    parent = publisher(dense)
    child = write_network(
        tmp_path / "child",
        sparsity=0.9,
        seed=dense.provenance.replicate,
        parent_hash=measure(dense.weights).densified_hash,
    )
    done = publisher(child)
    info = publisher.anonymous.model_info(done.repo_id)
    assert info.card_data is not None
    assert info.card_data["base_model"] == parent.repo_id
    assert set(info.tags or ()) >= {"pruned", "gmp", "resnet8-digits"}


def test_a_folder_that_fails_the_check_leaves_no_trace(publisher: Publisher, hub: RunningHub, tmp_path: Path) -> None:
    orphan = write_network(tmp_path / "orphan", sparsity=0.5, seed=1, licence=None)
    with pytest.raises(RejectedError) as caught:
        publisher(orphan)
    assert "parent_missing: dense/resnet8-digits/0.00-s1 is not in the catalogue" in caught.value.message
    assert "licence_missing" in caught.value.message
    assert not publisher.owner.repo_exists(f"{hub.namespace}/gmp-resnet8-digits-0.50-s1")
    assert publisher.rows(orphan.provenance.slug) is None


def test_the_weights_of_another_model_are_refused_before_anything_is_uploaded(
    dense: ModelFolder, publisher: Publisher, hub: RunningHub, tmp_path: Path
) -> None:
    publisher(dense)
    seed = dense.provenance.replicate
    copy = write_network(tmp_path / "copy", seed=seed, slug=f"dense/resnet8-digits/0.00-copy{seed}")
    with pytest.raises(DuplicateCheckpointError, match=f"already, as {dense.provenance.slug}"):
        publisher(copy)
    assert not publisher.owner.repo_exists(f"{hub.namespace}/dense-resnet8-digits-0.00-copy{seed}")


@pytest.mark.parametrize(
    "step", ["model_info", "create_repo", "create_commit", "get_paths_info", "update_repo_settings"]
)
def test_a_cut_at_any_call_leaves_nothing_half_visible_and_a_rerun_completes(
    step: str,
    dense: ModelFolder,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repo_id = publisher.repo_id(dense)
    with monkeypatch.context() as patch:
        patch.setattr(HfApi, step, cut)
        with pytest.raises(HubError):
            publisher(dense)
    assert not publisher.anonymous.repo_exists(repo_id), "a stranger must not see a half-made model"
    assert publisher.rows(dense.provenance.slug) is None
    publisher(dense)
    assert set(publisher.anonymous.list_repo_files(repo_id)) >= FILES
    assert publisher.rows(dense.provenance.slug) is not None


def test_a_pickle_in_the_repository_is_removed(dense: ModelFolder, publisher: Publisher) -> None:
    done = publisher(dense)
    mine = publisher.owner
    mine.upload_file(path_or_fileobj=b"\x80\x04.", path_in_repo="pytorch_model.bin", repo_id=done.repo_id)
    assert publisher(dense).created
    assert "pytorch_model.bin" not in mine.list_repo_files(done.repo_id)


def test_weights_that_change_after_they_were_measured_never_reach_the_catalogue(
    dense: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = write_network(tmp_path / "other", seed=dense.provenance.replicate + 1)
    judge = checking.check

    def swap_after(*arguments: Any, **options: Any) -> Any:
        report = judge(*arguments, **options)
        dense.weights.write_bytes(other.weights.read_bytes())
        return report

    monkeypatch.setattr(module, "check", swap_after)
    with pytest.raises(HubError, match="holds other weights than the folder"):
        publisher(dense)
    assert publisher.rows(dense.provenance.slug) is None


def test_a_sparse_file_of_weights_that_changed_meanwhile_is_not_even_sent(
    pruned: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = write_network(tmp_path / "other", sparsity=0.9, seed=pruned.provenance.replicate + 1)
    judge = checking.check

    def swap_after(*arguments: Any, **options: Any) -> Any:
        report = judge(*arguments, **options)
        pruned.weights.write_bytes(other.weights.read_bytes())
        return report

    monkeypatch.setattr(module, "check", swap_after)
    with pytest.raises(CheckpointError, match=f"changed while {SPARSE_WEIGHTS} was made"):
        publisher(pruned)
    assert not publisher.owner.repo_exists(publisher.repo_id(pruned))


def test_private_is_for_the_owner_only_until_published_without(dense: ModelFolder, publisher: Publisher) -> None:
    done = publisher(dense, private=True)
    assert not publisher.anonymous.repo_exists(done.repo_id)
    assert publisher.owner.repo_exists(done.repo_id)
    assert publisher(dense, private=True).notes == ()
    again = publisher(dense)
    assert (again.created, again.notes) == (False, (f"{done.repo_id} was private; now everybody can see it.",))
    assert publisher.anonymous.repo_exists(done.repo_id)
    assert publisher(dense).notes == ()


@pytest.mark.parametrize(("options"), [{"token": None}, {"token": "hf_wrong"}, {"namespace": "somebody-else"}])
def test_without_the_right_nothing_is_written(
    options: dict[str, Any], dense: ModelFolder, publisher: Publisher
) -> None:
    with pytest.raises(HubAccessError) as caught:
        publisher(dense, **options)
    assert caught.value.hint is not None
    assert "PRUNARIUM_HUB_TOKEN" in caught.value.hint
    assert publisher.rows(dense.provenance.slug) is None


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


def test_a_missing_folder_is_named(publisher: Publisher, dense: ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such model folder"):
        publisher(replace(dense, path=tmp_path / "nowhere"))


def test_passport_and_card_are_deterministic_bytes(dense: ModelFolder, publisher: Publisher) -> None:
    done = publisher(dense)
    passport = Path(publisher.anonymous.hf_hub_download(done.repo_id, PASSPORT)).read_text()
    assert json.dumps(json.loads(passport), indent=2, ensure_ascii=False) + "\n" == passport
