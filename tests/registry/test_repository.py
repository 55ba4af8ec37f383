"""Releases are tags that never move, and a name that no hub takes for one is refused at once."""

from pathlib import Path

import pytest
from huggingface_hub import HfApi
from network_folders import write_network
from publishing import Publisher, cut

from registry.errors import HubConflictError, HubError
from registry.repository import require_tag
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError


def test_a_release_is_a_tag_that_never_moves(dense: ModelFolder, publisher: Publisher, tmp_path: Path) -> None:
    first = publisher(dense, tag="v1.0")
    assert first.tag == "v1.0"
    assert not publisher(dense, tag="v1.0").created
    changed = write_network(tmp_path / "changed", seed=dense.provenance.replicate, title="Another title")
    commits = len(publisher.anonymous.list_repo_commits(first.repo_id))
    with pytest.raises(HubConflictError, match=f"v1.0 of {first.repo_id} names commit {first.commit[:10]} already"):
        publisher(changed, tag="v1.0")
    assert len(publisher.anonymous.list_repo_commits(first.repo_id)) == commits, "nothing was uploaded"
    second = publisher(changed, tag="v1.1")
    with pytest.raises(HubConflictError, match="never changes"):
        publisher(changed, tag="v1.0")
    tags = {tag.name: tag.target_commit for tag in publisher.anonymous.list_repo_refs(first.repo_id).tags}
    assert tags == {"v1.0": first.commit, "v1.1": second.commit}


def test_an_interrupted_release_is_completed(
    dense: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(HfApi, "create_tag", cut)
        with pytest.raises(HubError):
            publisher(dense, tag="v1.0")
    repo_id = publisher.repo_id(dense)
    assert not publisher.anonymous.repo_exists(repo_id), "not shown before it has its tag"
    done = publisher(dense, tag="v1.0")
    assert not done.created
    assert [tag.target_commit for tag in publisher.anonymous.list_repo_refs(repo_id).tags] == [done.commit]


@pytest.mark.parametrize(
    "tag", ["", "main", "a b", "v1..2", ".v1", "-v1", "v1.lock", "v1.", "0" * 40, "x" * 101, "v\n1", "v1\n"]
)
def test_a_name_that_no_hub_takes_for_a_tag_is_a_usage_error(tag: str) -> None:
    with pytest.raises(UsageError, match="cannot name a release"):
        require_tag(tag)


@pytest.mark.parametrize("tag", [None, "v1.0", "1", "2026-09_final", "x" * 100])
def test_usual_names_are_taken(tag: str | None) -> None:
    require_tag(tag)
