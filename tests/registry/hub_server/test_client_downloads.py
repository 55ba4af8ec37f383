"""Downloads through the unmodified client: files, snapshots, ranges, resuming, typed errors."""

import io
import os
import struct
from pathlib import Path

import httpx
import pytest
from huggingface_hub import HfApi, HfFileSystem
from huggingface_hub.errors import (
    EntryNotFoundError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)


def test_metadata(alice: HfApi, repo: str) -> None:
    commit = alice.upload_file(path_or_fileobj=b"\0" * 5000, path_in_repo="w.bin", repo_id=repo)
    meta = alice.get_hf_file_metadata(url=f"{alice.endpoint}/{repo}/resolve/main/w.bin")
    assert (meta.commit_hash, meta.size, meta.xet_file_data) == (commit.oid, 5000, None)
    (entry,) = alice.get_paths_info(repo, "w.bin")
    assert meta.etag == entry.lfs.sha256  # type: ignore[union-attr]
    (regular,) = alice.get_paths_info(repo, ".gitattributes")
    text = alice.get_hf_file_metadata(url=f"{alice.endpoint}/{repo}/resolve/main/.gitattributes")
    assert text.etag == regular.blob_id  # type: ignore[union-attr]


def test_typed_errors(alice: HfApi, repo: str, tmp_path: Path) -> None:
    with pytest.raises(EntryNotFoundError):
        alice.hf_hub_download(repo, "missing.bin", cache_dir=tmp_path)
    with pytest.raises(RevisionNotFoundError):
        alice.hf_hub_download(repo, "a", revision="missing", cache_dir=tmp_path)
    with pytest.raises(RepositoryNotFoundError):
        alice.hf_hub_download("alice/never-made", "a", cache_dir=tmp_path)
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(repo, revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        list(alice.list_repo_tree(repo, "missing/folder"))


def test_a_missing_file_is_remembered_by_commit(alice: HfApi, repo: str, tmp_path: Path) -> None:
    with pytest.raises(EntryNotFoundError):
        alice.hf_hub_download(repo, "missing.bin", cache_dir=tmp_path)
    assert list(tmp_path.glob(f"**/.no_exist/{alice.model_info(repo).sha}/missing.bin"))


def test_snapshot(alice: HfApi, repo: str, tmp_path: Path) -> None:
    for path in ("a.txt", "b/c.bin", "b/d/e.bin"):
        alice.upload_file(path_or_fileobj=path.encode() * 100, path_in_repo=path, repo_id=repo)
    folder = Path(alice.snapshot_download(repo, cache_dir=tmp_path, allow_patterns=["b/*"]))
    assert (folder / "b/d/e.bin").read_bytes() == b"b/d/e.bin" * 100
    assert not (folder / "a.txt").exists()
    assert folder.name == alice.model_info(repo).sha


def test_local_folder_and_checksums(alice: HfApi, repo: str, tmp_path: Path) -> None:
    alice.upload_file(path_or_fileobj=b"\0" * 9999, path_in_repo="w.bin", repo_id=repo)
    alice.snapshot_download(repo, local_dir=tmp_path)
    good = alice.verify_repo_checksums(repo, local_dir=tmp_path)
    assert (good.checked_count, good.mismatches) == (2, [])
    (tmp_path / "w.bin").write_bytes(b"\1" * 9999)
    assert [mismatch["path"] for mismatch in alice.verify_repo_checksums(repo, local_dir=tmp_path).mismatches] == [
        "w.bin"
    ]


def test_private_content_needs_the_token(alice: HfApi, anonymous: HfApi, repo: str, tmp_path: Path) -> None:
    alice.upload_file(path_or_fileobj=b"secret", path_in_repo="a.txt", repo_id=repo)
    alice.update_repo_settings(repo, private=True)
    with pytest.raises((RepositoryNotFoundError, LocalEntryNotFoundError)):
        anonymous.hf_hub_download(repo, "a.txt", cache_dir=tmp_path / "stranger")
    assert Path(alice.hf_hub_download(repo, "a.txt", cache_dir=tmp_path)).read_bytes() == b"secret"


@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=4990-", 206, slice(4990, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-999999", 206, slice(0, None)),
        ("bytes=0-1,5-6", 200, slice(None)),  # lists are ignored, which HTTP allows
        ("lines=0-1", 200, slice(None)),
    ],
)
def test_ranges(alice: HfApi, repo: str, value: str, status: int, expected: slice) -> None:
    data = os.urandom(5000)
    alice.upload_file(path_or_fileobj=data, path_in_repo="w.bin", repo_id=repo)
    answer = httpx.get(f"{alice.endpoint}/{repo}/resolve/main/w.bin", headers={"Range": value})
    assert (answer.status_code, answer.content) == (status, data[expected])
    if status == 206:
        start = data.index(answer.content)
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(answer.content) - 1}/5000"


def test_a_range_beyond_the_end(alice: HfApi, repo: str) -> None:
    alice.upload_file(path_or_fileobj=b"12345", path_in_repo="a.txt", repo_id=repo)
    answer = httpx.get(f"{alice.endpoint}/{repo}/resolve/main/a.txt", headers={"Range": "bytes=9-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */5")


def test_a_cut_download_is_resumed(alice: HfApi, repo: str) -> None:
    from huggingface_hub.file_download import http_get

    data = os.urandom(300_000)
    alice.upload_file(path_or_fileobj=data, path_in_repo="w.bin", repo_id=repo)
    file = io.BytesIO()
    file.write(data[:100_000])
    url = f"{alice.endpoint}/{repo}/resolve/main/w.bin"
    http_get(url, file, resume_size=100_000, expected_size=300_000, headers={})
    assert file.getvalue() == data


def test_safetensors_metadata(alice: HfApi, repo: str) -> None:
    header = b'{"fc.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    data = struct.pack("<Q", len(header)) + header + bytes(24)
    alice.upload_file(path_or_fileobj=data, path_in_repo="model.safetensors", repo_id=repo)
    metadata = alice.get_safetensors_metadata(repo)
    assert metadata.parameter_count == {"F32": 6}
    assert metadata.weight_map == {"fc.weight": "model.safetensors"}


def test_file_system(alice: HfApi, repo: str) -> None:
    fs = HfFileSystem(endpoint=alice.endpoint, token=str(alice.token), skip_instance_cache=True)
    with fs.open(f"{repo}/data/table.csv", "w") as file:
        file.write("a,b\n1,2\n")
    assert fs.glob(f"{repo}/**/*.csv") == [f"{repo}/data/table.csv"]
    with fs.open(f"{repo}/data/table.csv", "rb") as file:
        file.seek(4)
        assert file.read() == b"1,2\n"
    assert fs.info(f"{repo}/data")["type"] == "directory"
    fs.rm(f"{repo}/data/table.csv")
    with pytest.raises(FileNotFoundError):
        fs.info(f"{repo}/data/table.csv")


def test_tree_with_last_commits(alice: HfApi, repo: str) -> None:
    first = alice.upload_file(path_or_fileobj=b"1", path_in_repo="a/b.txt", repo_id=repo)
    second = alice.upload_file(path_or_fileobj=b"2", path_in_repo="c.txt", repo_id=repo)
    items = {item.path: item for item in alice.list_repo_tree(repo, expand=True)}
    changed = {path: item.last_commit.oid for path, item in items.items() if item.last_commit is not None}
    assert (changed["a"], changed["c.txt"]) == (first.oid, second.oid)
    assert set(changed) == {".gitattributes", "a", "c.txt"}
    (info,) = alice.get_paths_info(repo, "a/b.txt", expand=True)
    assert info.last_commit is not None
    assert info.last_commit.title.startswith("Upload")


def test_tree_pages(alice: HfApi, repo: str, tmp_path: Path) -> None:
    for index in range(45):  # the page size is 20
        (tmp_path / f"{index:02}.txt").write_text(str(index))
    alice.upload_folder(folder_path=tmp_path, repo_id=repo, path_in_repo="many")
    assert len(list(alice.list_repo_tree(repo, "many"))) == 45
    assert len(list(alice.list_repo_tree(repo, recursive=True))) == 47
