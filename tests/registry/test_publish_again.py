"""Publishing what is published: nothing changes, or the one thing that did, and nobody's work is lost silently."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi
from network_folders import write_network
from publishing import CutError, Publisher, cut

from registry import queries, weight_files
from registry.errors import HubConflictError, RegistryError
from registry.hub_client import remote_digests
from registry.publish import Published
from zoo.checkpoint.folder import CARD, CONFIG, PROVENANCE, SPARSE_WEIGHTS, WEIGHTS, ModelFolder, read_folder
from zoo.checkpoint.sparse import write_sparse
from zoo.checkpoint.weights import read_weights
from zoo.core.hashing import densified_hash


def test_a_folder_with_the_sparse_file_alone_publishes_the_same(
    pruned: ModelFolder, publisher: Publisher, tmp_path: Path
) -> None:
    first = publisher(pruned)
    small = tmp_path / "small"
    small.mkdir()
    for name in (CONFIG, PROVENANCE):
        (small / name).write_bytes((pruned.path / name).read_bytes())
    write_sparse(small / SPARSE_WEIGHTS, read_weights(pruned.weights))
    again = publisher(read_folder(small))
    assert (again.created, again.commit) == (False, first.commit)


def _other_zstd(path: Path, tensors: Any) -> str:
    """The same tensors in other bytes, as another version of the compressor would write them."""
    return write_sparse(path, tensors, {"format": "pt", "compressor": "another"})


@pytest.mark.parametrize("catalogue_knows", [True, False], ids=["by the catalogue", "by decoding it"])
def test_another_compressor_makes_no_new_commit(
    catalogue_knows: bool,
    pruned: ModelFolder,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = publisher(pruned)
    sha256 = remote_digests(publisher.anonymous, first.repo_id, first.commit, [SPARSE_WEIGHTS])[SPARSE_WEIGHTS]
    if not catalogue_knows:
        publisher.forget(pruned.provenance.slug)
    monkeypatch.setattr(weight_files, "write_sparse", _other_zstd)
    again = publisher(pruned)
    assert (again.created, again.commit) == (False, first.commit)
    found = publisher.rows(pruned.provenance.slug)
    assert found is not None
    assert sha256 in {row.file_sha256 for row in found[2]}


@pytest.mark.parametrize("name", [SPARSE_WEIGHTS, WEIGHTS])
def test_a_weights_file_of_another_model_on_the_hub_is_replaced(
    name: str, pruned: ModelFolder, publisher: Publisher, tmp_path: Path
) -> None:
    first = publisher(pruned)
    other = write_network(tmp_path / "other", sparsity=0.8, seed=pruned.provenance.replicate + 1)
    mine = publisher.owner
    mine.upload_file(path_or_fileobj=other.weights, path_in_repo=name, repo_id=first.repo_id)
    again = publisher(pruned)
    assert again.created
    place = Path(mine.hf_hub_download(first.repo_id, name, revision=again.commit))
    assert densified_hash(read_weights(place)) == first.densified_hash


def test_an_empty_catalogue_is_filled_from_what_the_hub_has(dense: ModelFolder, publisher: Publisher) -> None:
    first = publisher(dense)
    publisher.forget(dense.provenance.slug)
    again = publisher(dense)
    assert (again.created, again.notes) == (False, ())
    found = publisher.rows(dense.provenance.slug)
    assert found is not None
    assert [row.commit_oid for row in found[2]] == [first.commit]


def test_a_repository_that_was_deleted_is_published_anew_and_said(dense: ModelFolder, publisher: Publisher) -> None:
    first = publisher(dense)
    publisher.owner.delete_repo(first.repo_id)
    again = publisher(dense)
    assert again.created
    assert [f"{first.repo_id} was gone from the hub" in note for note in again.notes] == [True]
    found = publisher.rows(dense.provenance.slug)
    assert found is not None
    assert found[2][0].commit_oid == again.commit
    publisher.anonymous.model_info(first.repo_id, revision=again.commit)


def test_a_card_edited_by_hand_is_replaced_and_the_edit_is_named(dense: ModelFolder, publisher: Publisher) -> None:
    first = publisher(dense)
    mine = publisher.owner
    card = Path(mine.hf_hub_download(first.repo_id, CARD, revision=first.commit)).read_text()
    edit = mine.upload_file(path_or_fileobj=b"Mine. " + card.encode(), path_in_repo=CARD, repo_id=first.repo_id)
    again = publisher(dense)
    (note,) = again.notes
    assert edit.oid[:10] in note
    assert Path(mine.hf_hub_download(first.repo_id, CARD, revision=again.commit)).read_text() == card
    assert Path(mine.hf_hub_download(first.repo_id, CARD, revision=edit.oid)).read_text().startswith("Mine.")


def test_publishing_again_changes_nothing(dense: ModelFolder, publisher: Publisher) -> None:
    first = publisher(dense)
    commits = publisher.anonymous.list_repo_commits(first.repo_id)
    again = publisher(dense)
    assert not again.created
    assert again.commit == first.commit
    assert len(publisher.anonymous.list_repo_commits(first.repo_id)) == len(commits)


def test_an_identity_survives_a_new_card(dense: ModelFolder, publisher: Publisher, tmp_path: Path) -> None:
    first = publisher(dense)
    renamed = write_network(tmp_path / "renamed", seed=dense.provenance.replicate, title="Another title")
    second = publisher(renamed)
    assert second.created
    assert second.commit != first.commit
    assert second.densified_hash == first.densified_hash
    found = publisher.rows(dense.provenance.slug)
    assert found is not None
    assert found[0].title == "Another title"
    assert [row.commit_oid for row in found[2]] == [second.commit, first.commit]


def test_somebody_elses_commit_in_between_is_not_overwritten(
    dense: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = publisher(dense)
    mine = publisher.owner
    create_commit = HfApi.create_commit

    def late(self: HfApi, repo_id: str, *arguments: Any, **options: Any) -> Any:
        mine_create = create_commit
        monkeypatch.setattr(HfApi, "create_commit", mine_create)
        mine.upload_file(path_or_fileobj=b"theirs", path_in_repo="NOTES.md", repo_id=repo_id)
        return mine_create(self, repo_id, *arguments, **options)

    mine.upload_file(path_or_fileobj=b"edited", path_in_repo=CARD, repo_id=done.repo_id)
    monkeypatch.setattr(HfApi, "create_commit", late)
    with pytest.raises(HubConflictError, match="Somebody else changed") as caught:
        publisher(dense)
    assert "Run the same command again" in str(caught.value.hint)
    assert Path(mine.hf_hub_download(done.repo_id, CARD)).read_bytes() == b"edited", "the conflict wrote nothing"
    assert publisher(dense).created
    files = mine.list_repo_files(done.repo_id)
    assert "NOTES.md" in files


def test_two_at_once_make_one_model(dense: ModelFolder, publisher: Publisher) -> None:
    def attempt(_: int) -> Published | RegistryError:
        try:
            return publisher(dense)
        except RegistryError as error:
            return error

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, range(3)))
    assert any(isinstance(outcome, Published) for outcome in outcomes)
    final = publisher(dense)
    assert not final.created
    found = publisher.rows(dense.provenance.slug)
    assert found is not None
    assert found[2][0].commit_oid == final.commit


def test_a_cut_before_the_catalogue_is_made_up_by_a_rerun_without_a_second_commit(
    dense: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(queries, "register_revision", cut)
        with pytest.raises(CutError):
            publisher(dense)
    assert publisher.rows(dense.provenance.slug) is None, "the catalogue is written in one transaction"
    again = publisher(dense)
    assert not again.created
    found = publisher.rows(dense.provenance.slug)
    assert found is not None
    assert [row.commit_oid for row in found[2]] == [again.commit]
