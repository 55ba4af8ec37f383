"""A backup is whole, taken while others write; restored, it is the hub that it was."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hub_folders import WEIGHTS, age, blobs, filled_hub, opened
from hub_requests import commit, inline, large, sha256, upload
from raw_http import RawClient

from registry.hub_server.backups import restore_hub, write_hub_backup
from registry.hub_server.collecting import collect
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.errors import HubServeError
from registry.hub_server.serving import HubFolder
from registry.hub_server.verifying import verify


def test_a_backup_is_a_hub(tmp_path: Path) -> None:
    with filled_hub(tmp_path / "hub") as (hub, raw):
        token, head = raw.token, raw("GET", "/api/models/alice/m").json["sha"]
        copied = write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "copy")
        assert copied.blobs == len(blobs(tmp_path / "hub")) == 3
        commit(raw, "alice/m", inline("later.txt"))
    for private in ("hub.sqlite", "store"):
        assert (tmp_path / "copy" / private).stat().st_mode & 0o077 == 0
    with EmbeddedHub(tmp_path / "copy") as served:
        there = RawClient(served.endpoint, token)
        assert there("GET", "/api/models/alice/m").json["sha"] == head
        assert there("GET", "/alice/m/resolve/main/w.bin").body == WEIGHTS
        assert list(verify(opened(served, tmp_path / "copy"))) == []
        assert commit(there, "alice/m", inline("new.txt")).status == 200


def test_restored_into_a_new_folder(tmp_path: Path) -> None:
    with filled_hub(tmp_path / "hub") as (hub, raw):
        token = raw.token
        write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "copy")
    shutil.rmtree(tmp_path / "hub")
    assert restore_hub(tmp_path / "copy", HubFolder(tmp_path / "hub")).bytes > len(WEIGHTS)
    with EmbeddedHub(tmp_path / "hub") as served:
        there = RawClient(served.endpoint, token)
        assert there("GET", "/alice/m/resolve/main/w.bin").body == WEIGHTS
        assert list(verify(opened(served, tmp_path / "hub"))) == []


@pytest.mark.postgres
def test_restored_into_postgresql(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres_server")
    url = server.create()
    with filled_hub(tmp_path / "hub") as (hub, _):
        write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "copy")
    folder = HubFolder(tmp_path / "new", url)
    restore_hub(tmp_path / "copy", folder)
    with EmbeddedHub(tmp_path / "new", database_url=url) as served:
        raw = RawClient(served.endpoint, served.token_for("alice"))
        assert raw("GET", "/alice/m/resolve/main/w.bin").body == WEIGHTS
        assert raw("POST", "/api/repos/create", {"name": "next"}).status == 200
        assert list(verify(opened(served, tmp_path / "new"))) == []
        # And back again, from PostgreSQL into one file.
        write_hub_backup(served.engine, folder.store, tmp_path / "again")
    with EmbeddedHub(tmp_path / "again") as served:
        assert list(verify(opened(served, tmp_path / "again"))) == []
    server.drop(url)


def test_a_backup_under_load_is_whole(tmp_path: Path) -> None:
    """Others commit, delete repositories and collect garbage meanwhile."""
    with filled_hub(tmp_path / "hub") as (hub, raw):
        for number in range(5):
            raw("POST", "/api/repos/create", {"name": f"gone{number}"})
            rows = (
                large("w.bin", upload(raw, f"alice/gone{number}", b"\0%d" % number * 50_000)),
                inline("a", b"%d" % number),
            )
            commit(raw, f"alice/gone{number}", *rows)
        age(hub, tmp_path / "hub")

        def disturb() -> None:
            for number in range(5):
                raw("DELETE", "/api/repos/delete", {"name": f"gone{number}"})
                commit(raw, "alice/m", inline(f"{number}"))
                collect(opened(hub, tmp_path / "hub"))

        with ThreadPoolExecutor(1) as pool:
            disturbed = pool.submit(disturb)
            for number in range(4):
                write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / f"copy{number}")
            disturbed.result()
        write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "copy4")
    for number in range(5):
        with EmbeddedHub(tmp_path / f"copy{number}") as served:
            assert list(verify(opened(served, tmp_path / f"copy{number}"))) == []


def test_a_damaged_hub_gives_no_backup(tmp_path: Path) -> None:
    with filled_hub(tmp_path / "hub") as (hub, _):
        oid = sha256(WEIGHTS)
        path = tmp_path / "hub" / "store" / "blobs" / oid[:2] / oid
        path.chmod(0o644)
        path.write_bytes(b"x" * len(WEIGHTS))
        with pytest.raises(HubServeError, match=oid):
            write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    with filled_hub(tmp_path / "hub") as (hub, _):
        with pytest.raises(HubServeError, match="exists already"):
            write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "hub")
        write_hub_backup(hub.engine, tmp_path / "hub" / "store", tmp_path / "copy")
        with pytest.raises(HubServeError, match="holds a hub already"):
            restore_hub(tmp_path / "copy", HubFolder(tmp_path / "hub"))
        with pytest.raises(HubServeError, match="no backup of a hub"):
            restore_hub(tmp_path, HubFolder(tmp_path / "other"))
