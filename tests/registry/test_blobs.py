"""Blobs: whole or not at all, verified when read, on a folder and in memory."""

import errno
import hashlib
import os
from pathlib import Path

import harness
import pytest
from fsspec.implementations.local import LocalFileSystem
from small_disk import fill, small_disk

from registry.blobs import BlobStore
from registry.errors import BlobCorruptError, BlobError, BlobMissingError
from zoo.core.files import DiskFullError

DATA = b"predictions"
ADDRESS = hashlib.sha256(DATA).hexdigest()
PUT = "import sys; from registry.blobs import BlobStore; BlobStore(sys.argv[1]).put(b'predictions')"


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(f"file://{tmp_path}/blobs" if request.param == "file" else f"memory://{tmp_path.name}")


def test_what_is_put_is_got_back_by_its_hash(store: BlobStore) -> None:
    assert not store.exists(ADDRESS)
    assert store.put(DATA) == ADDRESS
    assert store.get(ADDRESS) == DATA
    assert store.exists(ADDRESS)


def test_putting_it_again_changes_nothing(tmp_path: Path) -> None:
    store = BlobStore(f"file://{tmp_path}")
    store.put(DATA)
    before = Path(store.path(ADDRESS)).stat()
    assert store.put(DATA) == ADDRESS
    assert Path(store.path(ADDRESS)).stat().st_mtime_ns == before.st_mtime_ns


def test_an_empty_blob_is_a_blob(store: BlobStore) -> None:
    assert store.get(store.put(b"")) == b""


def test_a_missing_blob_is_told(store: BlobStore) -> None:
    with pytest.raises(BlobMissingError, match=ADDRESS):
        store.get(ADDRESS)


@pytest.mark.parametrize("damaged", [b"predictionz", b"", b"predictions "])
def test_damage_is_detected(tmp_path: Path, damaged: bytes) -> None:
    store = BlobStore(f"file://{tmp_path}")
    store.put(DATA)
    Path(store.path(ADDRESS)).write_bytes(damaged)
    with pytest.raises(BlobCorruptError, match="damaged"):
        store.get(ADDRESS)


def test_a_torn_file_is_written_again(tmp_path: Path) -> None:
    store = BlobStore(f"file://{tmp_path}")
    store.put(DATA)
    Path(store.path(ADDRESS)).write_bytes(DATA[:4])
    store.put(DATA)
    assert store.get(ADDRESS) == DATA


@pytest.mark.parametrize("address", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_addresses_are_addresses(store: BlobStore, address: str) -> None:
    with pytest.raises(BlobError, match="no blob address"):
        store.get(address)


def test_an_unknown_file_system_is_refused() -> None:
    with pytest.raises(BlobError, match="PRUNARIUM_BLOBS"):
        BlobStore("carrier-pigeon://loft")


@pytest.mark.parametrize(
    "point", ["LocalFileSystem.pipe_file@before", "LocalFileSystem.pipe_file@after", "LocalFileSystem.mv@before"]
)
def test_a_kill_leaves_no_blob_and_the_next_put_succeeds(tmp_path: Path, point: str) -> None:
    outcome = harness.run(["-c", PUT, f"file://{tmp_path}"], faults=[f"fsspec.implementations.local:{point}#1=kill"])
    assert outcome.killed, outcome.stderr
    store = BlobStore(f"file://{tmp_path}")
    assert not store.exists(ADDRESS)
    assert store.put(DATA) == ADDRESS
    assert store.get(ADDRESS) == DATA


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        store = BlobStore(f"file://{disk}/blobs")
        filler = fill(disk, leave_bytes=16_384)
        data = os.urandom(200_000)
        with pytest.raises(DiskFullError, match="No space left") as error:
            store.put(data)
        assert "try again" in str(error.value)
        assert [path for path in (disk / "blobs").rglob("*") if path.is_file()] == []
        filler.unlink()
        assert store.get(store.put(data)) == data


def test_a_refused_write_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(LocalFileSystem, "makedirs", refuse)
    with pytest.raises(BlobError, match=r"cannot be written: Permission denied"):
        BlobStore(f"file://{tmp_path}").put(DATA)
