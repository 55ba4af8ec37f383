"""Garbage collection removes what nobody needs, and nothing else, whatever happens meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from hub_folders import WEIGHTS, age, blobs, filled_hub, opened
from hub_requests import batch, chunk, commit, inline, large, sha256, shard, upload, xet
from huggingface_hub import HfApi
from raw_http import RawClient

from registry.hub_server import collecting
from registry.hub_server.collecting import Collected, collect
from registry.hub_server.records import Limits
from registry.hub_server.store import BlobStore

NOTHING = Collected(0, 0, 0, 0, 0, 0)


def test_what_is_committed_stays_for_ever(tmp_path: Path) -> None:
    with filled_hub(tmp_path) as (hub, raw):
        first = raw("GET", "/api/models/alice/m").json["sha"]
        commit(raw, "alice/m", ("deletedFile", {"path": "w.bin"}), inline("note.txt", b"second"))
        raw("POST", "/api/models/alice/m/super-squash/main", {})
        age(hub, tmp_path)
        before = blobs(tmp_path)
        assert collect(opened(hub, tmp_path)) == NOTHING
        assert blobs(tmp_path) == before
        assert raw("GET", f"/alice/m/resolve/{first}/w.bin").body == WEIGHTS


def test_a_deleted_repository_leaves_nothing(tmp_path: Path) -> None:
    with filled_hub(tmp_path) as (hub, raw):
        raw("POST", "/api/repos/create", {"name": "twin"})
        commit(raw, "alice/twin", large("same.bin", upload(raw, "alice/twin", WEIGHTS)))
        raw("DELETE", "/api/repos/delete", {"name": "m"})
        age(hub, tmp_path)
        shared = collect(opened(hub, tmp_path))
        assert (shared.blobs, shared.bytes) == (1, len(b"first"))  # the weights are the twin's, too
        raw("DELETE", "/api/repos/delete", {"name": "twin"})
        assert collect(opened(hub, tmp_path)).blobs == 2  # the weights, and .gitattributes
        assert blobs(tmp_path) == set()


def test_an_abandoned_upload_goes_after_its_grace(tmp_path: Path) -> None:
    with filled_hub(tmp_path) as (hub, raw):
        oid = upload(raw, "alice/m", b"\0abandoned")
        age(hub, tmp_path, 3600)
        assert collect(opened(hub, tmp_path), 2 * 3600) == NOTHING
        done = collect(opened(hub, tmp_path), 1800)
        assert (done.blobs, done.bytes, done.uploads) == (1, len(b"\0abandoned"), 1)
        assert oid not in blobs(tmp_path)
        assert commit(raw, "alice/m", large("late.bin", oid)).status == 400
        upload(raw, "alice/m", b"\0abandoned")
        assert commit(raw, "alice/m", large("again.bin", oid)).status == 200


def test_a_promise_makes_an_old_upload_young(tmp_path: Path) -> None:
    """The batch said that the object is there: the client may take its time to commit it."""
    with filled_hub(tmp_path) as (hub, raw):
        oid = upload(raw, "alice/m", b"\0waiting")
        age(hub, tmp_path)
        assert "actions" not in batch(raw, "alice/m", (oid, 8)).json["objects"][0]
        assert collect(opened(hub, tmp_path)) == NOTHING
        assert commit(raw, "alice/m", large("w2.bin", oid)).status == 200


def test_bytes_brought_again_make_an_old_blob_young(tmp_path: Path) -> None:
    """Garbage that a commit under way has just brought again: its rows are not there yet."""
    with filled_hub(tmp_path) as (hub, _):
        store = BlobStore(tmp_path / "store")
        store.put(b"dropped before")
        age(hub, tmp_path)
        store.put(b"dropped before")
        assert collect(opened(hub, tmp_path)) == NOTHING
        assert sha256(b"dropped before") in blobs(tmp_path)


def test_a_blob_that_comes_between_look_and_removal_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled_hub(tmp_path) as (hub, _):
        store = BlobStore(tmp_path / "store")
        store.put(b"about to go")
        age(hub, tmp_path)
        look = collecting._unreferenced

        def look_then_bring(*arguments: object) -> list[tuple[str, int]]:
            found = look(*arguments)  # type: ignore[arg-type]
            store.put(b"about to go")
            return found

        monkeypatch.setattr(collecting, "_unreferenced", look_then_bring)
        assert collect(opened(hub, tmp_path)) == NOTHING
        assert sha256(b"about to go") in blobs(tmp_path)


def test_a_dry_run_only_counts(tmp_path: Path) -> None:
    with filled_hub(tmp_path) as (hub, raw):
        raw("DELETE", "/api/repos/delete", {"name": "m"})
        age(hub, tmp_path)
        before = blobs(tmp_path)
        planned = collect(opened(hub, tmp_path), dry_run=True)
        assert planned.blobs == len(before) == 3
        assert blobs(tmp_path) == before
        assert asdict(collect(opened(hub, tmp_path))) == asdict(planned)


def test_unfinished_parts_go_when_their_addresses_have_ended(tmp_path: Path) -> None:
    with filled_hub(tmp_path, Limits(multipart_from_bytes=1000, part_bytes=500)) as (hub, raw):
        data = bytes(1200)
        answer = batch(raw, "alice/m", (sha256(data), len(data)), transfers=["basic", "multipart"])
        header = answer.json["objects"][0]["actions"]["upload"]["header"]
        assert raw("PUT", header["1"], data[:500], token=None).status == 200
        assert collect(opened(hub, tmp_path)) == NOTHING
        age(hub, tmp_path)
        assert collect(opened(hub, tmp_path)).parts == 1
        assert list((tmp_path / "store" / "parts").iterdir()) == []


def test_xet_containers_go_in_two_steps(tmp_path: Path) -> None:
    """First the store gets another name, so that clients send them again; then nobody needs the old ones."""
    with filled_hub(tmp_path) as (hub, raw):
        old_cas, old_token = xet(raw, "alice/m")
        xorb, data = "ab" * 32, bytes(range(200)) * 5
        assert old_token("POST", f"{old_cas}/v1/xorbs/default/{xorb}", chunk(data)).status == 200
        age(hub, tmp_path)
        assert collect(opened(hub, tmp_path)).pools == 0
        described = shard((sha256(data), [(xorb, 0, 1, len(data))]))
        assert old_token("POST", f"{old_cas}/v1/shards", described).status == 200  # an upload under way goes on
        cas, token = xet(raw, "alice/m")
        assert cas != old_cas
        assert token("POST", f"{cas}/v1/shards", described).status == 400  # and a new one sends them again
        age_former(hub)
        assert collect(opened(hub, tmp_path)).pools == 1
        assert list((tmp_path / "store" / "xorbs").iterdir()) == []
        assert commit(raw, "alice/m", large("x.bin", sha256(data))).status == 200
        assert collect(opened(hub, tmp_path)) == NOTHING


def age_former(hub: object) -> None:
    """As if the store had got its new name long ago."""
    from registry.db.hub_tables import HubStore
    from registry.db.session import session_scope

    with session_scope(hub.engine, write=True) as session:  # type: ignore[attr-defined]
        row = session.get_one(HubStore, 1)
        row.facts = {"former": dict.fromkeys(row.facts["former"], 1)}


def test_the_real_client_goes_on_after_its_containers_are_gone(tmp_path: Path) -> None:
    """hf-xet remembers what it has sent: under the store's new name it must send it again."""
    with filled_hub(tmp_path) as (hub, raw):
        api = HfApi(endpoint=hub.endpoint, token=raw.token)
        data = bytes(range(251)) * 1000
        api.upload_file(path_or_fileobj=data, path_in_repo="a.bin", repo_id="alice/m")
        raw("DELETE", "/api/repos/delete", {"name": "m"})
        age(hub, tmp_path)
        collect(opened(hub, tmp_path))
        age_former(hub)
        collect(opened(hub, tmp_path))
        assert blobs(tmp_path) == set()
        api.create_repo("alice/m")
        api.upload_file(path_or_fileobj=data, path_in_repo="a.bin", repo_id="alice/m")
        assert raw("GET", "/alice/m/resolve/main/a.bin").body == data


@pytest.mark.slow
def test_collecting_all_the_time_loses_no_upload(tmp_path: Path) -> None:
    """A grace of one second, uploads of the same few contents again and again: every answered commit is whole."""
    with filled_hub(tmp_path) as (hub, raw):
        stop = threading.Event()

        def collect_until_stopped() -> int:
            rounds = 0
            while not stop.is_set():
                collect(opened(hub, tmp_path), 1.0)
                rounds += 1
                stop.wait(0.05)  # a collector that never rests keeps the database's one writer's place
            return rounds

        def work(worker: int) -> None:
            name = f"r{worker}"
            for turn in range(6):
                raw("POST", "/api/repos/create", {"name": name})
                data = b"\0%d" % (turn % 3)
                rows = (large("w.bin", upload_if_wanted(raw, f"alice/{name}", data)), inline("n", data[1:]))
                assert commit(raw, f"alice/{name}", *rows, summary=f"{turn}").status == 200
                for path, content in (("w.bin", data), ("n", data[1:])):
                    assert raw("GET", f"/alice/{name}/resolve/main/{path}").body == content
                raw("DELETE", "/api/repos/delete", {"name": name})

        with ThreadPoolExecutor(4) as pool:
            collector = pool.submit(collect_until_stopped)
            for future in [pool.submit(work, worker) for worker in range(3)]:
                future.result()
            stop.set()
            assert collector.result() > 1
        assert raw("GET", "/alice/m/resolve/main/w.bin").body == WEIGHTS


def upload_if_wanted(raw: RawClient, repo: str, data: bytes) -> str:
    try:
        return upload(raw, repo, data)
    except KeyError:  # there already
        return sha256(data)
