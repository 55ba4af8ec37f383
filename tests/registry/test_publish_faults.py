"""Kills, cuts and full disks while a model is published: nothing half-visible, and the same call completes it."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import harness
import pytest
from failing_hub import FailingHub, When, failing_hub
from hub_fixture import RunningHub
from huggingface_hub import HfApi, constants
from network_folders import write_network
from publishing import SPARSE_FILES, Publisher
from small_disk import fill, small_disk
from sqlalchemy import Engine

from registry.db.schema import open_catalogue
from registry.errors import HubError, HubUnavailableError
from registry.settings import load_settings
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS, ModelFolder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.weights import read_weights
from zoo.core.files import DiskFullError
from zoo.core.hashing import densified_hash


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingHub]:
    """A hub of this test's own; the client waits for nothing between its attempts."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    # Its uploads in Rust have clocks of their own.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with failing_hub(tmp_path / "failing-hub") as running:
        yield running


def _pair(place: Path) -> tuple[ModelFolder, ModelFolder]:
    dense = write_network(place / "dense", seed=5)
    parent = measure(dense.weights).densified_hash
    return dense, write_network(place / "pruned", sparsity=0.9, seed=5, parent_hash=parent)


def nothing_is_half_visible(publisher: Publisher, folder: ModelFolder) -> None:
    """A stranger sees no repository, or all of it; what the catalogue names is there."""
    repo_id = publisher.repo_id(folder)
    if publisher.anonymous.repo_exists(repo_id):
        assert set(publisher.anonymous.list_repo_files(repo_id)) >= SPARSE_FILES
    known = publisher.rows(folder.provenance.slug)
    for row in known[2] if known else ():
        files = publisher.anonymous.list_repo_files(repo_id, revision=row.commit_oid)
        assert row.file_name in files


def is_complete(publisher: Publisher, folder: ModelFolder, place: Path) -> None:
    repo_id = publisher.repo_id(folder)
    assert set(publisher.anonymous.list_repo_files(repo_id)) - {".gitattributes"} == SPARSE_FILES
    titles = [commit.title for commit in publisher.anonymous.list_repo_commits(repo_id)]
    assert titles == [f"Publish {folder.provenance.slug}", "initial commit"], "one commit, however often it was tried"
    known = publisher.rows(folder.provenance.slug)
    assert known is not None
    assert {row.file_name for row in known[2]} == {WEIGHTS, SPARSE_WEIGHTS}
    for row in known[2]:
        path = publisher.anonymous.hf_hub_download(repo_id, row.file_name, revision=row.commit_oid, cache_dir=place)
        assert densified_hash(read_weights(Path(path))) == known[1].densified_hash


@pytest.mark.parametrize(
    ("when", "first"),
    [
        pytest.param("before", 1, marks=pytest.mark.slow),
        pytest.param("after", 2, marks=pytest.mark.slow),
        pytest.param("before", 2, marks=pytest.mark.slow),
        pytest.param("after", 1, marks=pytest.mark.slow),
    ],
)
def test_a_connection_that_dies_at_any_call(
    when: When, first: int, failing: FailingHub, sqlite_catalogue: Engine, tmp_path: Path
) -> None:
    publisher = Publisher(failing.hub, sqlite_catalogue)
    dense, pruned = _pair(tmp_path)
    publisher(dense)
    failing.mend()
    publisher(pruned, tag="v1")
    total = failing.calls
    publisher.owner.delete_repo(publisher.repo_id(pruned))
    publisher.forget(pruned.provenance.slug)
    assert total > 8
    for call in range(first, total + 1, 2):
        failing.fail(call, when)
        try:
            publisher(pruned, tag="v1")
        except HubError as error:
            assert error.hint  # noqa: PT017 - after the last needed call there is no error
        failing.mend()
        nothing_is_half_visible(publisher, pruned)
        publisher(pruned, tag="v1")
        is_complete(publisher, pruned, tmp_path / f"cache-{call}")
        publisher.owner.delete_repo(publisher.repo_id(pruned))
        publisher.forget(pruned.provenance.slug)


# Where the process dies; the first is the one that every run tries.
QUICK = ["huggingface_hub.hf_api:HfApi.create_commit@after#1=kill"]
MORE = [
    "registry.repository:write@before#1=kill",
    "registry.weight_files:write_sparse@after#1=kill",
    "huggingface_hub.hf_api:HfApi.create_repo@after#1=kill",
    "huggingface_hub.hf_api:HfApi.preupload_lfs_files@after#1=kill",
    "huggingface_hub.hf_api:HfApi.create_tag@after#1=kill",
    "huggingface_hub.hf_api:HfApi.update_repo_settings@before#1=kill",
    "huggingface_hub.hf_api:HfApi.update_repo_settings@after#1=kill",
    "registry.queries.checkpoints:register_revision@after#1=kill",
    "registry.publish:write_catalogue@after#1=kill",
]


@pytest.mark.parametrize("fault", [*QUICK, *(pytest.param(point, marks=pytest.mark.slow) for point in MORE)])
def test_killed_at_any_step(fault: str, hub: RunningHub, tmp_path: Path) -> None:
    seed = crc32(fault.encode())
    dense = write_network(tmp_path / "dense", seed=seed)
    parent = measure(dense.weights).densified_hash
    pruned = write_network(tmp_path / "pruned", sparsity=0.9, seed=seed, parent_hash=parent)
    environ = {
        "PRUNARIUM_HUB": hub.endpoint,
        "PRUNARIUM_HUB_TOKEN": hub.token,
        "PRUNARIUM_HOME": str(tmp_path / "home"),
    }
    publisher = Publisher(hub, open_catalogue(load_settings(environ)))
    publisher(dense)
    command = ["-m", "prunarium", "publish", "--tag", "v1", str(pruned.path)]
    killed = harness.run(command, environ=environ, faults=[fault])
    assert killed.killed, killed.stderr
    nothing_is_half_visible(publisher, pruned)
    publisher(pruned, tag="v1")
    is_complete(publisher, pruned, tmp_path / "cache")
    tags = publisher.anonymous.list_repo_refs(publisher.repo_id(pruned)).tags
    known = publisher.rows(pruned.provenance.slug)
    assert known is not None
    assert [tag.target_commit for tag in tags] == [known[2][0].commit_oid]
    publisher.engine.dispose()


def test_a_full_disk_while_packing_is_one_clear_error_with_nothing_on_the_hub(
    pruned: ModelFolder, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        filler = fill(disk, leave_bytes=8192)
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(DiskFullError, match="No space left"):
            publisher(pruned)
        assert not publisher.owner.repo_exists(publisher.repo_id(pruned))
        assert publisher.rows(pruned.provenance.slug) is None
        assert [path.name for path in disk.iterdir()] == [filler.name], "what was begun is removed"
        filler.unlink()
        publisher(pruned)
    is_complete(publisher, pruned, tmp_path / "cache")


@pytest.mark.parametrize(("disabled", "way"), [(True, "/_lfs/"), (False, "/_xet/")], ids=["without xet", "with xet"])
def test_both_ways_of_uploading_give_the_same_files(
    disabled: bool, way: str, sqlite_catalogue: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", disabled)
    dense, pruned = _pair(tmp_path)
    with failing_hub(tmp_path / "hub") as hub:
        publisher = Publisher(hub.hub, sqlite_catalogue)
        publisher(dense)
        publisher(pruned)
        is_complete(publisher, pruned, tmp_path / "cache")
        uploads = {path[:6] for method, path, _ in hub.received if method in ("PUT", "POST") and path.startswith("/_")}
    assert uploads == {way}


@pytest.mark.parametrize("message", ["", "Data processing error: CAS service error"])
def test_an_upload_that_breaks_off_without_a_reason_is_one_clear_error(
    message: str, dense: ModelFolder, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError(message)

    monkeypatch.setattr(HfApi, "create_commit", broken)
    with pytest.raises(HubUnavailableError, match="broke off") as caught:
        publisher(dense)
    assert "Run the same command again" in str(caught.value.hint)
