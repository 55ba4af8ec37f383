"""Bytes on disk: whole or not at all, and only where their hash says."""

import os
import time
from pathlib import Path

import pytest
from hub_requests import sha256

from registry.hub_server.errors import BadRequestError, TooLargeError
from registry.hub_server.store import BlobStore
from zoo.core.files import DiskFullError


def files(root: Path) -> list[str]:
    found = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return sorted(str(path.relative_to(root)) for path in found)


def test_a_blob_lies_at_its_hash(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    oid = store.put(b"data")
    assert oid == sha256(b"data")
    assert files(tmp_path) == [f"blobs/{oid[:2]}/{oid}"]
    assert (store.read(oid, 100), store.size(oid)) == (b"data", 4)
    assert store.path(oid).stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize(("oid", "size"), [(sha256(b"other"), 4), (sha256(b"data"), 5), (sha256(b"data"), 3)])
def test_what_was_not_announced_leaves_no_trace(tmp_path: Path, oid: str, size: int) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(BadRequestError), store.spool(100) as spool:
        spool.write(b"data")
        store.keep(spool, oid, size)
    assert files(tmp_path) == []


def test_the_limit_is_met_before_the_byte_is_written(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(TooLargeError), store.spool(5) as spool:
        spool.write(b"12345")
        assert spool.path.stat().st_size <= 5
        spool.write(b"6")
    assert files(tmp_path) == []


@pytest.mark.parametrize("oid", ["", "x", "../../etc/passwd", "A" * 64, "0" * 64 + "\n", "0" * 63 + "/"])
def test_no_path_for_anything_but_a_hash(tmp_path: Path, oid: str) -> None:
    with pytest.raises(BadRequestError):
        BlobStore(tmp_path).path(oid)


def test_uploading_again_heals_a_damaged_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    path = store.path(store.put(b"data"))
    path.chmod(0o644)
    path.write_bytes(b"rotten!")
    store.put(b"data")
    assert path.read_bytes() == b"data"


def test_rests_of_killed_servers_are_swept_when_they_are_old(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    for rest in (old, young):
        rest.write_bytes(b"half")
    day_ago = time.time() - 25 * 3600
    os.utime(old, (day_ago, day_ago))
    BlobStore(tmp_path)
    assert files(tmp_path) == ["incoming/young"]
    assert store.size(sha256(b"half")) is None


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFullError):
        store.put(b"data")
    assert files(tmp_path) == []
