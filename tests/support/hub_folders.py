"""Hubs of a test's own: with a repository, on a database of either kind, and made older than they are."""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from hub_requests import commit, inline, large, upload
from raw_http import RawClient
from sqlalchemy import update

from registry.db.hub_tables import HubObject, HubUpload
from registry.db.session import session_scope
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.hub import Hub, open_hub
from registry.hub_server.records import Limits

WEIGHTS = b"\0weights" * 1000
DAY_SECONDS = 24 * 3600.0


@contextmanager
def filled_hub(folder: Path, limits: Limits | None = None) -> Iterator[tuple[EmbeddedHub, RawClient]]:
    """A hub with ``alice/m``: a large file and a small one, in one commit."""
    with copied_hub(_filled(), folder, limits) as (hub, raw):
        yield hub, raw


@contextmanager
def copied_hub(template: Path, folder: Path, limits: Limits | None = None) -> Iterator[tuple[EmbeddedHub, RawClient]]:
    """A hub of its own with what another one, at rest, holds; requests are alice's."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with EmbeddedHub(folder, limits=limits) as hub:
        yield hub, RawClient(hub.endpoint, hub.token_for("alice"))


@cache
def _filled() -> Path:
    """Made once in a run: migrations and commits take longer than most tests of them."""
    folder = Path(tempfile.mkdtemp(prefix="prunarium-test-hub-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with EmbeddedHub(folder) as hub:
        raw = RawClient(hub.endpoint, hub.token_for("alice"))
        raw("POST", "/api/repos/create", {"name": "m"})
        commit(raw, "alice/m", large("w.bin", upload(raw, "alice/m", WEIGHTS)), inline("note.txt", b"first"))
    return folder


def opened(hub: EmbeddedHub, folder: Path) -> Hub:
    """The same hub for the functions that keep it in order."""
    return open_hub(hub.engine, folder / "store", hub.endpoint, Limits())


def age(hub: EmbeddedHub, folder: Path, seconds: float = 30 * DAY_SECONDS) -> None:
    """Make everything that is there older, in rows and on disk."""
    with session_scope(hub.engine, write=True) as session:
        for table in (HubObject, HubUpload):
            session.execute(update(table).values(created_us=table.created_us - int(seconds * 1_000_000)))
    for path in (folder / "store").rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - seconds, path.stat().st_mtime - seconds))


def blobs(folder: Path) -> set[str]:
    """The names of all blobs."""
    return {path.name for path in (folder / "store" / "blobs").rglob("*") if path.is_file()}
