"""A new card after an evaluation: the same checkpoint at a new commit, no weights sent, old commits as they were."""

from pathlib import Path

import pytest
import yaml
from failing_hub import FailingHub, failing_hub
from measured_results import ON_HUB, add_missing, add_plugins, add_results
from network_folders import write_network
from publishing import Publisher
from sqlalchemy import Engine

from registry.errors import CorruptDownloadError, HubConflictError, NotOnHubError, NotPullableError, UnknownRecordError
from registry.eval_results import EVAL_RESULTS
from registry.pull import pull
from registry.refresh import published_on
from registry.report import Report
from zoo.checkpoint.folder import CARD, PASSPORT, REPORT, SPARSE_WEIGHTS, WEIGHTS, ModelFolder
from zoo.checkpoint.strict import read_json


def text_of(publisher: Publisher, repo_id: str, commit: str, name: str) -> str:
    return Path(publisher.owner.hf_hub_download(repo_id, name, revision=commit)).read_text()


def test_results_reach_card_report_and_hub_and_the_identity_survives(
    pruned: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    slug = pruned.provenance.slug
    add_plugins(sqlite_catalogue)
    first = publisher(pruned)
    assert not publisher.refresh(slug).created, "there is nothing new to say"
    add_results(sqlite_catalogue, slug, seeds=3)
    done = publisher.refresh(slug)
    assert done.created
    assert (done.repo_id, done.densified_hash, done.notes) == (first.repo_id, first.densified_hash, ())
    assert done.commit != first.commit

    card = text_of(publisher, done.repo_id, done.commit, CARD)
    # Three seeds a point apart (±2.48 by Student's t) and images (±1 each): the root of the summed squares.
    assert (
        "| Digits 5–9 | linear probe | top-1 accuracy | 81.0% <sub>[78.3%, 83.7%]</sub> | 3 | measured here |" in card
    )
    assert "Nothing has been measured yet" in text_of(publisher, first.repo_id, first.commit, CARD)
    report = Report.from_json(read_json(Path(publisher.owner.hf_hub_download(done.repo_id, REPORT))))
    assert len(report.results) == 8
    assert report.densified_hash == done.densified_hash
    (entry,) = list(publisher.anonymous.model_info(done.repo_id).eval_results or [])
    assert (entry.dataset_id, entry.task_id, entry.value) == (ON_HUB["id"], ON_HUB["task_id"], pytest.approx(0.81))
    index = yaml.safe_load(card.split("---\n")[1])["model-index"]
    assert [row["dataset"]["name"] for row in index[0]["results"]] == ["Digits 0–4", "Digits 5–9", "Corrupted digits"]

    found = publisher.rows(slug)
    assert found is not None
    assert {(row.commit_oid, row.file_name) for row in found[2]} == {
        (commit, name) for commit in (first.commit, done.commit) for name in (WEIGHTS, SPARSE_WEIGHTS)
    }
    for target, commit in ((slug, done.commit), (f"{first.repo_id}@{first.commit}", first.commit)):
        pulled = pull(target, engine=sqlite_catalogue, endpoint=publisher.hub.endpoint, cache=tmp_path / "cache")
        assert (pulled.commit, pulled.densified_hash) == (commit, first.densified_hash)
    assert publisher.refresh(slug).commit == done.commit
    assert not publisher(pruned).created, "publishing the folder writes the same card"


def test_no_weight_travels(pruned: ModelFolder, sqlite_catalogue: Engine, tmp_path: Path) -> None:
    with failing_hub(tmp_path / "hub") as failing:
        publisher = Publisher(failing.hub, sqlite_catalogue)
        publisher(write_network(tmp_path / "again", seed=pruned.provenance.replicate))
        publisher(pruned)
        add_results(sqlite_catalogue, pruned.provenance.slug)
        failing.mend()
        done = publisher.refresh(pruned.provenance.slug)
        assert done.created
        sizes = {path: count for _, path, count in failing.received}
        assert not any("safetensors" in path or "_xet" in path or "lfs" in path for path in sizes)
        sent = sum(sizes.values())
        assert 1_000 < sent < pruned.weights.stat().st_size / 2
        commit = publisher.anonymous.list_repo_commits(done.repo_id)[0]
        assert commit.title == f"Refresh the card of {pruned.provenance.slug}"


def test_missing_results_are_shown_with_their_reason_and_are_no_evaluation_result(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine
) -> None:
    publisher(dense)
    add_missing(sqlite_catalogue, dense.provenance.slug, "the images are not there")
    done = publisher.refresh(dense.provenance.slug)
    assert "missing: the images are not there" in text_of(publisher, done.repo_id, done.commit, CARD)
    assert EVAL_RESULTS not in publisher.anonymous.list_repo_files(done.repo_id)


def test_evaluation_results_that_are_no_more_leave_the_repository(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine
) -> None:
    first = publisher(dense)
    publisher.owner.upload_file(path_or_fileobj=b"[]", path_in_repo=EVAL_RESULTS, repo_id=first.repo_id)
    publisher.owner.upload_file(path_or_fileobj=b"[]", path_in_repo=".eval_results/theirs.yaml", repo_id=first.repo_id)
    assert publisher.refresh(dense.provenance.slug).created
    files = publisher.anonymous.list_repo_files(first.repo_id)
    assert EVAL_RESULTS not in files
    assert ".eval_results/theirs.yaml" in files


def test_a_catalogue_without_results_keeps_those_that_another_one_published(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine, empty_catalogue: Engine
) -> None:
    publisher(dense)
    add_results(sqlite_catalogue, dense.provenance.slug)
    done = publisher.refresh(dense.provenance.slug)
    elsewhere = Publisher(publisher.hub, empty_catalogue)
    add_plugins(empty_catalogue)
    again = elsewhere(dense)
    assert (again.created, again.commit) == (False, done.commit)


def test_results_that_this_catalogue_does_not_know_are_counted_when_they_go(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine, empty_catalogue: Engine
) -> None:
    publisher(dense)
    add_results(sqlite_catalogue, dense.provenance.slug, seeds=2)
    done = publisher.refresh(dense.provenance.slug)
    elsewhere = Publisher(publisher.hub, empty_catalogue)
    add_plugins(empty_catalogue)
    elsewhere(dense)
    add_results(empty_catalogue, dense.provenance.slug, seeds=1)
    (note,) = elsewhere.refresh(dense.provenance.slug).notes
    assert note == f"1 results of the former report are not in this catalogue; they stay in commit {done.commit[:10]}."


def test_results_of_former_weights_are_not_on_the_card_of_new_ones(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    publisher(dense)
    add_results(sqlite_catalogue, dense.provenance.slug)
    publisher.refresh(dense.provenance.slug)
    retrained = write_network(tmp_path / "retrained", seed=dense.provenance.replicate + 1, slug=dense.provenance.slug)
    done = publisher(retrained)
    assert Report.from_json(read_json(Path(publisher.owner.hf_hub_download(done.repo_id, REPORT)))).results == ()
    assert "Nothing has been measured yet" in text_of(publisher, done.repo_id, done.commit, CARD)
    assert EVAL_RESULTS not in publisher.owner.list_repo_files(done.repo_id)


def test_a_release_of_a_refreshed_card(dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine) -> None:
    first = publisher(dense, tag="v1")
    add_results(sqlite_catalogue, dense.provenance.slug)
    with pytest.raises(HubConflictError, match="v1 of"):
        publisher.refresh(dense.provenance.slug, tag="v1")
    done = publisher.refresh(dense.provenance.slug, tag="v2")
    tags = {tag.name: tag.target_commit for tag in publisher.anonymous.list_repo_refs(first.repo_id).tags}
    assert tags == {"v1": first.commit, "v2": done.commit}


def test_a_private_model_stays_private(dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine) -> None:
    first = publisher(dense, private=True)
    add_results(sqlite_catalogue, dense.provenance.slug)
    assert publisher.refresh(dense.provenance.slug).created
    assert not publisher.anonymous.repo_exists(first.repo_id)


def test_what_cannot_be_refreshed_says_why(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    with pytest.raises(UnknownRecordError, match="no model"):
        publisher.refresh("dense/resnet8-digits/0.00")
    first = publisher(dense)
    with pytest.raises(NotPullableError, match="was not published on http://127.0.0.1:9"):
        publisher.refresh(dense.provenance.slug, endpoint="http://127.0.0.1:9")
    other = write_network(tmp_path / "other", seed=dense.provenance.replicate + 1)
    publisher.owner.upload_file(path_or_fileobj=other.weights, path_in_repo=WEIGHTS, repo_id=first.repo_id)
    with pytest.raises(CorruptDownloadError, match="is not the file that the catalogue knows"):
        publisher.refresh(dense.provenance.slug)
    publisher.owner.upload_file(path_or_fileobj=dense.weights, path_in_repo=WEIGHTS, repo_id=first.repo_id)
    publisher.owner.delete_file(PASSPORT, first.repo_id)
    with pytest.raises(NotOnHubError, match=f"has no {PASSPORT}"):
        publisher.refresh(dense.provenance.slug)
    publisher.owner.delete_repo(first.repo_id)
    with pytest.raises(NotOnHubError, match="gone from the hub"):
        publisher.refresh(dense.provenance.slug)


def test_all_means_the_models_of_one_namespace_on_one_hub(
    dense: ModelFolder, publisher: Publisher, sqlite_catalogue: Engine
) -> None:
    publisher(dense)
    hub = publisher.hub
    assert published_on(sqlite_catalogue, hub.endpoint, hub.namespace) == [dense.provenance.slug]
    assert published_on(sqlite_catalogue, hub.endpoint, "somebody-else") == []
    assert published_on(sqlite_catalogue, "http://127.0.0.1:9", hub.namespace) == []


def test_the_double_hangs_up_where_it_is_told(dense: ModelFolder, sqlite_catalogue: Engine, tmp_path: Path) -> None:
    """The tests of failures rest on it: a call that never breaks would be a test that cannot fail."""
    with failing_hub(tmp_path / "hub") as failing:
        assert isinstance(failing, FailingHub)
        failing.fail(1, "before")
        with pytest.raises(Exception, match="peer closed connection|cannot be reached|Server disconnected"):
            Publisher(failing.hub, sqlite_catalogue).anonymous.repo_info("a/b")
        failing.mend()
        Publisher(failing.hub, sqlite_catalogue)(dense)
