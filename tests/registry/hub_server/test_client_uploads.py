"""Uploads through the unmodified client; the same file runs with Xet on and off."""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, ModelCard
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError

Download = Callable[..., bytes]
CommitOperation = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete


def test_small_text_and_binary(alice: HfApi, repo: str, download: Download) -> None:
    for path, data in {"a.txt": b"text\n", "b.dat": bytes(range(256)), "c/d.safetensors": b"\0" * 9, "e": b""}.items():
        commit = alice.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id=repo)
        assert download(repo, path, revision=commit.oid) == data
    items = {item.path: item for item in alice.list_repo_tree(repo, recursive=True)}
    assert items["a.txt"].lfs is None  # type: ignore[union-attr]
    assert items["b.dat"].lfs.sha256 == hashlib.sha256(bytes(range(256))).hexdigest()  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [1, 64 * 1024, 128 * 1024 + 1, 3_000_001, 9_000_000])
def test_large_files_of_many_sizes(alice: HfApi, repo: str, download: Download, size: int) -> None:
    data = os.urandom(size // 2) + bytes(size - size // 2)
    alice.upload_file(path_or_fileobj=data, path_in_repo="w.safetensors", repo_id=repo)
    assert download(repo, "w.safetensors") == data


def test_floats_of_a_sparse_layer(alice: HfApi, repo: str, download: Download) -> None:
    """Such bytes are sent grouped by four and compressed."""
    numpy = pytest.importorskip("numpy")
    weights = numpy.random.default_rng(0).normal(size=400_000).astype("<f4")
    weights[numpy.abs(weights) < 1.6] = 0
    alice.upload_file(path_or_fileobj=weights.tobytes(), path_in_repo="model.safetensors", repo_id=repo)
    assert download(repo, "model.safetensors") == weights.tobytes()


def test_from_a_path_and_from_an_open_file(alice: HfApi, repo: str, tmp_path: Path, download: Download) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(os.urandom(100_000))
    alice.upload_file(path_or_fileobj=file, path_in_repo="by-path.bin", repo_id=repo)
    alice.upload_file(path_or_fileobj=io.BytesIO(b"\0" * 50_000), path_in_repo="open.bin", repo_id=repo)
    assert download(repo, "by-path.bin") == file.read_bytes()
    assert download(repo, "open.bin") == b"\0" * 50_000


def test_folder(alice: HfApi, repo: str, tmp_path: Path) -> None:
    for path in ("README.md", "weights/a.bin", "weights/b.bin", "logs/run.log"):
        (tmp_path / "f" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "f" / path).write_bytes(path.encode() * 999)
    alice.upload_folder(folder_path=tmp_path / "f", repo_id=repo, ignore_patterns="*.log")
    assert set(alice.list_repo_files(repo)) == {".gitattributes", "README.md", "weights/a.bin", "weights/b.bin"}
    (tmp_path / "f" / "weights" / "b.bin").unlink()
    alice.upload_folder(folder_path=tmp_path / "f", repo_id=repo, delete_patterns="weights/*", ignore_patterns="*.log")
    assert "weights/b.bin" not in alice.list_repo_files(repo)


def test_many_files_at_once(alice: HfApi, repo: str) -> None:
    operations = [CommitOperationAdd(f"f/{index:03}.txt", b"%d" % index) for index in range(300)]
    alice.create_commit(repo, operations, commit_message="many")
    assert len(alice.list_repo_files(repo)) == 301  # fifteen pages of the tree


def test_gitignore(alice: HfApi, repo: str) -> None:
    added = [CommitOperationAdd(path, b"x") for path in ("keep.txt", "build/out.txt", "a.log", "important.log")]
    ignore = CommitOperationAdd(".gitignore", b"build/\n*.log\n!important.log\n")
    alice.create_commit(repo, [ignore, *added], commit_message="ignored")
    assert set(alice.list_repo_files(repo)) == {".gitattributes", ".gitignore", "important.log", "keep.txt"}


def test_commit_with_everything(alice: HfApi, repo: str, download: Download) -> None:
    first = [CommitOperationAdd(path, path.encode()) for path in ("a", "b/c", "b/d", "e/f.bin")]
    alice.create_commit(repo, first, commit_message="first")
    second: list[CommitOperation] = [
        CommitOperationAdd("a", b"changed"),
        CommitOperationCopy("b/c", "copied/c"),
        CommitOperationCopy("e/f.bin", "copied/f.bin"),
        CommitOperationDelete("e/f.bin"),
        CommitOperationDelete("b/", is_folder=True),
    ]
    commit = alice.create_commit(repo, second, commit_message="second", commit_description="why")
    assert set(alice.list_repo_files(repo)) == {".gitattributes", "a", "copied/c", "copied/f.bin"}
    assert (download(repo, "a"), download(repo, "copied/f.bin")) == (b"changed", b"e/f.bin")
    assert commit.commit_url == f"{alice.endpoint}/{repo}/commit/{commit.oid}"
    newest = alice.list_repo_commits(repo)[0]
    assert (newest.title, newest.message, newest.authors) == ("second", "why", ["alice"])


def test_deleting_what_is_not_there(alice: HfApi, repo: str) -> None:
    with pytest.raises(EntryNotFoundError):
        alice.delete_file("missing.txt", repo)
    with pytest.raises(EntryNotFoundError):
        alice.delete_folder("missing", repo)


def test_the_same_again_makes_no_commit(alice: HfApi, repo: str) -> None:
    first = alice.upload_file(path_or_fileobj=b"\0" * 999, path_in_repo="w.bin", repo_id=repo)
    again = alice.upload_file(path_or_fileobj=b"\0" * 999, path_in_repo="w.bin", repo_id=repo)
    assert again.oid == first.oid
    assert len(alice.list_repo_commits(repo)) == 2


def test_the_same_large_file_in_a_second_repository(alice: HfApi, repo: str, download: Download) -> None:
    """Its chunks are known to the client by then, so nothing but their description is sent."""
    data = os.urandom(500_000)
    alice.upload_file(path_or_fileobj=data, path_in_repo="w.bin", repo_id=repo)
    with_twin = alice.create_repo("alice/twin").repo_id
    alice.upload_file(path_or_fileobj=data, path_in_repo="w.bin", repo_id=with_twin)
    alice.delete_repo(repo)
    assert download(with_twin, "w.bin") == data
    alice.delete_repo(with_twin)


def test_stale_parent(alice: HfApi, repo: str) -> None:
    old = alice.model_info(repo).sha
    alice.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    with pytest.raises(HfHubHTTPError, match="412"):
        alice.upload_file(path_or_fileobj=b"2", path_in_repo="a", repo_id=repo, parent_commit=old)
    head = alice.model_info(repo).sha
    alice.upload_file(path_or_fileobj=b"2", path_in_repo="a", repo_id=repo, parent_commit=head)


def test_to_a_branch(alice: HfApi, repo: str, download: Download) -> None:
    alice.create_branch(repo, branch="dev/x")
    alice.upload_file(path_or_fileobj=b"\0dev", path_in_repo="a.bin", repo_id=repo, revision="dev/x")
    assert download(repo, "a.bin", revision="dev/x") == b"\0dev"
    assert not alice.file_exists(repo, "a.bin")
    with pytest.raises(RevisionNotFoundError):
        alice.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo, revision="missing")


def test_pull_request(alice: HfApi, repo: str, download: Download) -> None:
    for number, data in enumerate((b"\0proposed", b"another"), 1):
        commit = alice.upload_file(path_or_fileobj=data, path_in_repo="a.bin", repo_id=repo, create_pr=True)
        assert (commit.pr_num, commit.pr_revision) == (number, f"refs/pr/{number}")
        assert download(repo, "a.bin", revision=f"refs/pr/{number}") == data
    assert not alice.file_exists(repo, "a.bin")
    refs = alice.list_repo_refs(repo, include_pull_requests=True)
    assert [ref.ref for ref in refs.pull_requests or []] == ["refs/pr/1", "refs/pr/2"]


def test_a_folder_as_a_pull_request(alice: HfApi, repo: str, tmp_path: Path) -> None:
    for path in ("a.bin", "b.txt"):
        (tmp_path / path).write_bytes(path.encode())
    commit = alice.upload_folder(folder_path=tmp_path, repo_id=repo, create_pr=True, commit_message="both")
    assert commit.pr_revision == "refs/pr/1"
    assert set(alice.list_repo_files(repo, revision="refs/pr/1")) == {".gitattributes", "a.bin", "b.txt"}
    assert alice.list_repo_files(repo) == [".gitattributes"]
    details = alice.get_discussion_details(repo, 1)
    assert (details.author, details.is_pull_request, details.target_branch) == ("alice", True, "refs/heads/main")
    assert [each.title for each in alice.get_repo_discussions(repo)] == [details.title]


def test_unusual_names(alice: HfApi, repo: str, download: Download) -> None:
    for path in ("Übung 1/größe.txt", "a b+c%20d.txt", "#x?y=1&z.txt", "数据/模型.bin", "'q\".txt", "resolve/main/x"):
        alice.upload_file(path_or_fileobj=path.encode(), path_in_repo=path, repo_id=repo)
        assert download(repo, path) == path.encode()
    assert "数据/模型.bin" in [item.path for item in alice.list_repo_tree(repo, "数据")]


def test_a_data_set(alice: HfApi, download: Download) -> None:
    alice.create_repo("alice/table", repo_type="dataset")
    alice.upload_file(
        path_or_fileobj=b"PAR1" + bytes(2000), path_in_repo="t.parquet", repo_id="alice/table", repo_type="dataset"
    )
    assert download("alice/table", "t.parquet", repo_type="dataset") == b"PAR1" + bytes(2000)
    alice.delete_repo("alice/table", repo_type="dataset")


def test_model_card(alice: HfApi, repo: str) -> None:
    card = ModelCard("---\nlicense: mit\n---\n# Title")
    alice.upload_file(path_or_fileobj=str(card).encode(), path_in_repo="README.md", repo_id=repo)
    with pytest.raises(ValueError, match="not valid YAML"):
        alice.upload_file(path_or_fileobj=b"---\na: [\n---\n", path_in_repo="README.md", repo_id=repo)


def test_list_large_files(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"\0" * 777, path_in_repo="w.bin", repo_id=repo)
    (file,) = alice.list_lfs_files(repo)
    assert (file.filename, file.size, file.oid) == ("w.bin", 777, hashlib.sha256(b"\0" * 777).hexdigest())
