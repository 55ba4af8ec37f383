"""Pull requests and discussions through the unmodified client; the same file runs with Xet on and off."""

import os
import warnings
from pathlib import Path

import pytest
from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.community import (
    DiscussionComment,
    DiscussionCommit,
    DiscussionStatusChange,
    DiscussionTitleChange,
    DiscussionWithDetails,
)
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

WEIGHTS = os.urandom(200_000)


def propose(api: HfApi, repo: str, **files: bytes) -> CommitInfo:
    """A pull request with these files (a name's double underscore is a dot)."""
    added = [CommitOperationAdd(name.replace("__", "."), data) for name, data in files.items()]
    return api.create_commit(repo, added, commit_message="Better weights", commit_description="why", create_pr=True)


def details(api: HfApi, repo: str, number: int = 1) -> DiscussionWithDetails:
    return api.get_discussion_details(repo, number)


def test_a_stranger_proposes_and_the_owner_merges(alice: HfApi, bob: HfApi, repo: str, tmp_path: Path) -> None:
    alice.upload_file(path_or_fileobj=b"one\ntwo\nthree\n", path_in_repo="a.txt", repo_id=repo)
    head = alice.model_info(repo).sha
    proposed = propose(bob, repo, a__txt=b"one\n2\nthree\n", w__bin=WEIGHTS)
    assert (proposed.pr_num, proposed.pr_revision) == (1, "refs/pr/1")
    assert alice.model_info(repo).sha == head
    found = details(alice, repo)
    assert (found.title, found.author, found.status, found.is_pull_request) == ("Better weights", "bob", "open", True)
    assert (found.target_branch, found.conflicting_files) == ("refs/heads/main", [])
    commit, comment = found.events
    assert isinstance(comment, DiscussionComment)
    assert comment.content == "why"
    assert isinstance(commit, DiscussionCommit)
    assert (commit.oid, commit.summary) == (proposed.oid, "Better weights")
    assert found.diff is not None
    assert "-two\n+2\n" in found.diff
    assert "oid sha256:" in found.diff
    alice.merge_pull_request(repo, 1, comment="thanks")
    merged = details(alice, repo)
    assert (merged.status, merged.merge_commit_oid) == ("merged", alice.model_info(repo).sha)
    assert alice.list_repo_commits(repo)[0].title == "Better weights (#1)"
    file = alice.hf_hub_download(repo, "w.bin", cache_dir=tmp_path)
    assert Path(file).read_bytes() == WEIGHTS
    assert merged.diff == found.diff  # what was merged stays to be read


def test_the_author_goes_on_with_his_own_pull_request_only(alice: HfApi, bob: HfApi, repo: str) -> None:
    propose(bob, repo, a__txt=b"1")
    bob.upload_file(path_or_fileobj=WEIGHTS, path_in_repo="w.bin", repo_id=repo, revision="refs/pr/1")
    assert {file.path for file in bob.list_repo_tree(repo, revision="refs/pr/1")} == {
        ".gitattributes",
        "a.txt",
        "w.bin",
    }
    propose(alice, repo, b__txt=b"2")
    with pytest.raises(HfHubHTTPError, match="403"):
        bob.upload_file(path_or_fileobj=b"x", path_in_repo="b.txt", repo_id=repo, revision="refs/pr/2")
    with pytest.raises(HfHubHTTPError, match="403"):
        bob.upload_file(path_or_fileobj=b"x", path_in_repo="b.txt", repo_id=repo)


def test_a_folder_as_a_pull_request(bob: HfApi, repo: str, tmp_path: Path) -> None:
    for name in ("a.txt", "w.bin"):
        (tmp_path / name).write_bytes(WEIGHTS)
    done = bob.upload_folder(folder_path=tmp_path, repo_id=repo, create_pr=True)
    assert done.pr_url is not None
    files = bob.list_repo_files(repo, revision=f"refs/pr/{done.pr_num}")
    assert set(files) == {".gitattributes", "a.txt", "w.bin"}


def test_both_sides_changed_one_file(alice: HfApi, bob: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"base", path_in_repo="a.txt", repo_id=repo)
    propose(bob, repo, a__txt=b"theirs", b__txt=b"new")
    alice.upload_file(path_or_fileobj=b"ours", path_in_repo="a.txt", repo_id=repo)
    head = alice.model_info(repo).sha
    assert details(alice, repo).conflicting_files == ["a.txt"]
    with pytest.raises(HfHubHTTPError, match=r"Both sides changed a\.txt"):
        alice.merge_pull_request(repo, 1)
    assert alice.model_info(repo).sha == head
    bob.upload_file(path_or_fileobj=b"ours", path_in_repo="a.txt", repo_id=repo, revision="refs/pr/1")
    assert details(alice, repo).conflicting_files == []
    alice.merge_pull_request(repo, 1)
    assert set(alice.list_repo_files(repo)) == {".gitattributes", "a.txt", "b.txt"}


def test_what_the_branch_gained_meanwhile_stays(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"old", path_in_repo="old.txt", repo_id=repo)
    alice.create_commit(repo, [CommitOperationDelete("old.txt")], commit_message="Remove it", create_pr=True)
    alice.upload_file(path_or_fileobj=b"new", path_in_repo="new.txt", repo_id=repo)
    alice.merge_pull_request(repo, 1)
    assert set(alice.list_repo_files(repo)) == {".gitattributes", "new.txt"}


def test_onto_another_branch(alice: HfApi, repo: str) -> None:
    alice.create_branch(repo, branch="dev/x")
    added = [CommitOperationAdd("a.txt", b"1")]
    alice.create_commit(repo, added, commit_message="to dev", revision="dev/x", create_pr=True)
    assert details(alice, repo).target_branch == "refs/heads/dev/x"
    alice.merge_pull_request(repo, 1)
    assert "a.txt" in alice.list_repo_files(repo, revision="dev/x")
    assert "a.txt" not in alice.list_repo_files(repo)


def test_drafts_and_statuses(alice: HfApi, bob: HfApi, repo: str) -> None:
    made = bob.create_pull_request(repo, "A draft", description="soon")
    assert (made.status, made.git_reference, made.diff) == ("draft", "refs/pr/1", "")
    with pytest.raises(BadRequestError, match="is draft"):
        alice.merge_pull_request(repo, 1)
    changed = bob.change_discussion_status(repo, 1, "open")
    assert isinstance(changed, DiscussionStatusChange)
    bob.change_discussion_status(repo, 1, "closed", comment="not now")
    with pytest.raises(BadRequestError, match="is closed"):
        bob.upload_file(path_or_fileobj=b"x", path_in_repo="a", repo_id=repo, revision="refs/pr/1")
    with pytest.raises(BadRequestError, match="closed already"):
        alice.change_discussion_status(repo, 1, "closed")
    alice.change_discussion_status(repo, 1, "open")
    bob.upload_file(path_or_fileobj=b"x", path_in_repo="a", repo_id=repo, revision="refs/pr/1")
    alice.merge_pull_request(repo, 1)
    with pytest.raises(BadRequestError, match="merged already"):
        alice.change_discussion_status(repo, 1, "closed")


def test_a_discussion(alice: HfApi, bob: HfApi, repo: str) -> None:
    made = bob.create_discussion(repo, "How was this made?", description="<script>alert(1)</script>")
    assert (made.num, made.is_pull_request, made.status, made.target_branch) == (1, False, "open", None)
    said = alice.comment_discussion(repo, 1, "With care.")
    assert said.content == "With care."
    renamed = bob.rename_discussion(repo, 1, "How?")
    assert isinstance(renamed, DiscussionTitleChange)
    assert (renamed.old_title, renamed.new_title) == ("How was this made?", "How?")
    edited = alice.edit_discussion_comment(repo, 1, said.id, "With much care.")
    assert (edited.content, edited.edited) == ("With much care.", True)
    first, *_ = details(alice, repo).events
    assert isinstance(first, DiscussionComment)
    assert "<script>" not in first.rendered
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hidden = alice.hide_discussion_comment(repo, 1, first.id)
    assert (hidden.hidden, hidden.content) == (True, "")
    with pytest.raises(BadRequestError):
        alice.merge_pull_request(repo, 1)


def test_lists(alice: HfApi, bob: HfApi, repo: str) -> None:
    alice.create_discussion(repo, "one")
    propose(bob, repo, a__txt=b"1")
    propose(alice, repo, b__txt=b"1")
    alice.change_discussion_status(repo, 3, "closed")
    assert [one.num for one in alice.get_repo_discussions(repo)] == [3, 2, 1]
    assert [one.num for one in alice.get_repo_discussions(repo, discussion_type="pull_request")] == [3, 2]
    assert [one.num for one in alice.get_repo_discussions(repo, discussion_status="open")] == [2, 1]
    assert [one.num for one in alice.get_repo_discussions(repo, author="bob")] == [2]
    refs = alice.list_repo_refs(repo, include_pull_requests=True).pull_requests or []
    assert [ref.ref for ref in refs] == ["refs/pr/2", "refs/pr/3"]


def test_more_than_a_page(alice: HfApi, repo: str) -> None:
    for number in range(51):  # a page has 50
        alice.create_discussion(repo, f"n{number}")
    assert [one.title for one in alice.get_repo_discussions(repo)] == [f"n{n}" for n in range(50, -1, -1)]
