"""Branches, tags and history through the unmodified client."""

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RevisionNotFoundError


def test_branches(alice: HfApi, repo: str) -> None:
    first = alice.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    alice.upload_file(path_or_fileobj=b"2", path_in_repo="a", repo_id=repo)
    alice.create_branch(repo, branch="old", revision=first.oid)
    branches = {ref.name: ref.target_commit for ref in alice.list_repo_refs(repo).branches}
    assert branches == {"main": alice.model_info(repo).sha, "old": first.oid}
    with pytest.raises(HfHubHTTPError, match="409"):
        alice.create_branch(repo, branch="old")
    alice.create_branch(repo, branch="old", exist_ok=True)
    alice.delete_branch(repo, branch="old")
    with pytest.raises(RevisionNotFoundError):
        alice.delete_branch(repo, branch="old")
    with pytest.raises(RevisionNotFoundError):
        alice.create_branch(repo, branch="new", revision="missing")


def test_tags(alice: HfApi, repo: str) -> None:
    first = alice.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    alice.create_tag(repo, tag="v1", tag_message="the first")
    alice.upload_file(path_or_fileobj=b"2", path_in_repo="a", repo_id=repo)
    assert alice.model_info(repo, revision="v1").sha == first.oid
    with pytest.raises(HfHubHTTPError, match="409"):
        alice.create_tag(repo, tag="v1")
    alice.create_tag(repo, tag="v1", exist_ok=True)
    assert alice.model_info(repo, revision="v1").sha == first.oid
    alice.create_tag(repo, tag="v2", revision="v1")
    assert [ref.name for ref in alice.list_repo_refs(repo).tags] == ["v1", "v2"]
    alice.delete_tag(repo, tag="v2")
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(repo, revision="v2")
    with pytest.raises(BadRequestError, match="is a tag"):
        alice.upload_file(path_or_fileobj=b"3", path_in_repo="a", repo_id=repo, revision="v1")


def test_history(alice: HfApi, repo: str) -> None:
    for index in range(25):  # the page size is 20
        alice.upload_file(path_or_fileobj=b"%d" % index, path_in_repo="a", repo_id=repo, commit_message=f"n{index}")
    titles = [commit.title for commit in alice.list_repo_commits(repo)]
    assert titles == [*(f"n{index}" for index in range(24, -1, -1)), "initial commit"]


def test_revisions_are_kept(alice: HfApi, repo: str) -> None:
    oids = [alice.upload_file(path_or_fileobj=b"%d" % n, path_in_repo="a", repo_id=repo).oid for n in range(3)]
    for number, oid in enumerate(oids):
        (entry,) = alice.get_paths_info(repo, "a", revision=oid)
        assert entry.path == "a"
        assert alice.model_info(repo, revision=oid).sha == oids[number]


def test_squash(alice: HfApi, repo: str) -> None:
    for index in range(3):
        alice.upload_file(path_or_fileobj=b"%d" % index, path_in_repo=f"f{index}", repo_id=repo)
    alice.super_squash_history(repo, commit_message="one")
    assert [commit.title for commit in alice.list_repo_commits(repo)] == ["one"]
    assert len(alice.list_repo_files(repo)) == 4


def test_main_stays(alice: HfApi, repo: str) -> None:
    with pytest.raises(BadRequestError, match="main"):
        alice.delete_branch(repo, branch="main")


def test_a_copy_in_another_format_has_a_reference_of_its_own(alice: HfApi, repo: str) -> None:
    name = "refs/convert/parquet"
    alice.create_branch(repo, branch=name)
    made = alice.upload_file(path_or_fileobj=b"1", path_in_repo="default/rows.csv", repo_id=repo, revision=name)
    assert alice.model_info(repo, revision=name).sha == made.oid
    refs = alice.list_repo_refs(repo)
    assert [(ref.name, ref.ref, ref.target_commit) for ref in refs.converts] == [("parquet", name, made.oid)]
    assert [ref.name for ref in refs.branches] == ["main"]
    assert "default/rows.csv" not in alice.list_repo_files(repo)
    with pytest.raises(HfHubHTTPError, match="409"):
        alice.create_branch(repo, branch=name)
    for wrong in ("refs/convert/", "refs/convert/../x", "refs/other/x"):
        with pytest.raises(BadRequestError, match="Invalid reference"):
            alice.create_branch(repo, branch=wrong)
    alice.delete_branch(repo, branch=name)
    assert alice.list_repo_refs(repo).converts == []
