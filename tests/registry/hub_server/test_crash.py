"""A server that is killed in the middle: what was committed stays, what was not is nowhere to be seen."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import harness
import pytest
from hub_requests import commit, inline, large, sha256, upload_address
from raw_http import RawClient

from registry.hub_server.embedded import EmbeddedHub

OLD, NEW = b"\0old" * 1000, b"\0new" * 100_000

# Where it dies, and whether the new commit must be there afterwards (None: bytes are not even received).
POINTS = {
    "registry.hub_server.store:Spool.write@before#1=kill": False,
    "registry.hub_server.store:Spool.keep@after#1=kill": False,
    "registry.hub_server.queries.objects:add_object@after#1=kill": False,
    "registry.hub_server.queries.history:add_commit@after#1=kill": False,
    "registry.hub_server.queries.history:set_ref@after#1=kill": False,
    "registry.hub_server.routes_commit:commit@after#1=kill": True,
}

# What `make test` runs of them: bytes without rows, rows without an answer, an answer that was not sent.
SHORT = ("Spool.keep@after#1=kill", "set_ref@after#1=kill", ":commit@after#1=kill")


@contextmanager
def serving(data: Path, fault: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A hub process that dies at ``fault``, and its address."""
    process = harness.start(
        ["-m", "prunarium", "hub", "serve", "--data", str(data), "--port", "0"], faults=[fault], cwd=harness.ROOT
    )
    try:
        if process.stderr is None:
            raise RuntimeError("the harness gives no stderr")
        line = process.stderr.readline()
        yield line.rpartition("HF_ENDPOINT=")[2].strip(), process
    finally:
        harness.kill_group(process)


def publish(raw: RawClient, data: bytes) -> int:
    """Upload and commit the way a client does; the status of the commit."""
    try:
        address = upload_address(raw, "alice/m", sha256(data), len(data))
    except KeyError:  # uploaded before
        address = ""
    if address:
        raw("PUT", address, data, token=None)
    rows = (large("w.bin", sha256(data)), inline("note.txt", data[:4]))
    return commit(raw, "alice/m", *rows, summary="publish").status


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            fault,
            marks=[] if fault.endswith(SHORT) else [pytest.mark.slow],
            id=fault.rpartition(":")[2].partition("#")[0],
        )
        for fault in POINTS
    ],
)
def test_killed_while_publishing(tmp_path: Path, fault: str) -> None:
    with EmbeddedHub(tmp_path) as hub:
        token = hub.token_for("alice")
        raw = RawClient(hub.endpoint, token)
        raw("POST", "/api/repos/create", {"name": "m"})
        assert publish(raw, OLD) == 200
        before = raw("GET", "/api/models/alice/m").json["sha"]
    with serving(tmp_path, fault) as (endpoint, process):
        with pytest.raises((ConnectionError, TimeoutError)):
            publish(RawClient(endpoint, token), NEW)
        assert process.wait(10) == -9
    with EmbeddedHub(tmp_path) as hub:
        raw = RawClient(hub.endpoint, token)
        head = raw("GET", "/api/models/alice/m").json["sha"]
        assert (head != before) == POINTS[fault]
        whole = NEW if POINTS[fault] else OLD
        for path, content in (("w.bin", whole), ("note.txt", whole[:4])):
            assert raw("GET", f"/alice/m/resolve/main/{path}").body == content
        assert publish(raw, NEW) == 200
        after = raw("GET", "/api/models/alice/m").json["sha"]
        assert raw("GET", "/alice/m/resolve/main/w.bin").body == NEW
        assert (after == head) == POINTS[fault]  # what was committed before the crash is not committed again
        assert raw("GET", f"/alice/m/resolve/{before}/w.bin").body == OLD
