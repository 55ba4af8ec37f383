"""Garbage collection: remove the bytes that nobody can ask for, while the hub serves.

Nothing goes that is younger than the grace period, in which an upload is free to be committed. What is older goes in an
order that a crash cannot turn into a loss: first the rows of uploads that were never committed, each repository under
its lock; then blobs that no row speaks of, each under the lock of the store and after one more look at its age.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..db.session import now_us
from .hub import Hub
from .names import is_sha256
from .queries import objects, repos
from .store import REST_SECONDS

GRACE_SECONDS = 72 * 3600
_BATCH = 500
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Collected:
    """What went, or (``dry_run``) would go."""

    blobs: int
    bytes: int
    uploads: int  # rows of objects that no commit has
    parts: int  # unfinished multipart uploads
    pools: int  # of Xet containers
    rests: int  # files of killed servers


def collect(hub: Hub, grace_seconds: float = GRACE_SECONDS, *, dry_run: bool = False) -> Collected:
    """Remove what has been garbage for longer than ``grace_seconds``; one process at a time, the others wait."""
    before = time.time() - grace_seconds
    with hub.blobs.collecting(exclusive=not dry_run):
        # Unfinished uploads have addresses that end: their parts need no other grace.
        parts = list(_ended_parts(hub, time.time() - hub.limits.upload_seconds))
        if dry_run:
            blobs = [size for _, size in _garbage(hub, before)]
            return Collected(len(blobs), sum(blobs), 0, len(parts), 0, 0)
        uploads = _drop_uploads(hub, grace_seconds)
        removed = [hub.blobs.remove_if_old(sha256, before) for sha256, _ in _garbage(hub, before)]
        for folder in parts:
            shutil.rmtree(folder, ignore_errors=True)
        pools = _collect_pools(hub, grace_seconds)
        rests = hub.blobs.sweep(min(before, time.time() - REST_SECONDS))
    gone = [size for size in removed if size]
    return Collected(len(gone), sum(gone), uploads, len(parts), pools, rests)


def _drop_uploads(hub: Hub, grace_seconds: float) -> int:
    with hub.reading() as session:
        before_us = now_us(session) - int(grace_seconds * _SECOND_US)
        ids = objects.repos_with_abandoned(session, before_us)
    dropped = 0
    for repo_id in ids:
        with hub.writing() as session:
            # A commit looks at these rows behind the same lock.
            if repos.lock_repo(session, repo_id):
                dropped += objects.drop_abandoned(session, repo_id, before_us)
    return dropped


def _garbage(hub: Hub, before: float) -> Iterator[tuple[str, int]]:
    """(SHA-256, bytes) of old blobs that no row speaks of; each batch is asked for when it is wanted."""
    old: list[tuple[str, int]] = []
    for sha256, found in hub.blobs.stored():
        if found.st_mtime < before and is_sha256(sha256):
            old.append((sha256, found.st_size))
        if len(old) == _BATCH:
            yield from _unreferenced(hub, old)
            old = []
    yield from _unreferenced(hub, old)


def _unreferenced(hub: Hub, old: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    with hub.reading() as session:
        needed = objects.referenced(session, [sha256 for sha256, _ in old])
    return [(sha256, size) for sha256, size in old if sha256 not in needed]


def _ended_parts(hub: Hub, before: float) -> Iterator[Path]:
    parts = hub.blobs.root / "parts"
    for folder in parts.iterdir() if parts.exists() else ():
        if _newest(folder) < before:
            yield folder


def _collect_pools(hub: Hub, grace_seconds: float) -> int:
    """Remove old Xet containers: files have been rebuilt from them, and they are as large once more.

    Clients remember which ones they have sent, so they go as a whole: the store gets another name, under which clients
    send everything again, and the containers of the old name follow when nobody holds a token for it any more.
    """
    root = hub.blobs.root / "xorbs"
    folders = {folder.name: folder for folder in root.iterdir()} if root.exists() else {}
    with hub.reading() as session:
        current, now = objects.store_identity(session), now_us(session)
        former = objects.former_stores(session)
    if current in folders and _oldest(folders[current]) < time.time() - grace_seconds:
        with hub.writing() as session:
            objects.rename_store(session)
    wait_us = int(max(grace_seconds, hub.limits.xet_seconds) * _SECOND_US)
    ended = [name for name in {*folders, *former} - {current} if former.get(name, 0) < now - wait_us]
    for name in ended:
        if name in folders:
            shutil.rmtree(folders[name], ignore_errors=True)
        with hub.writing() as session:
            objects.forget_store(session, name)
    return len(ended)


def _newest(folder: Path) -> float:
    return max(_times(folder), default=0.0)


def _oldest(folder: Path) -> float:
    return min(_times(folder), default=float("inf"))


def _times(folder: Path) -> Iterator[float]:
    """When each file was written; the folder's own time for one without files."""
    with suppress(FileNotFoundError):
        files = [path for path in folder.rglob("*") if path.is_file()]
        for path in files or [folder]:
            with suppress(FileNotFoundError):
                yield path.stat().st_mtime
