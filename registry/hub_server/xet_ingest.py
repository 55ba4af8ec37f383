"""Xet uploads become ordinary large objects: xorbs are kept in pools, a shard rebuilds files from them.

What counts is the SHA-256 of the rebuilt bytes, so no hash of Xet's own is trusted. A pool (``STORE-NAMESPACE``)
belongs to one namespace: knowing the hash of somebody else's xorb opens nothing.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from .errors import BadRequestError, TooLargeError
from .hub import Hub
from .names import is_sha256
from .routes_lfs import note_object
from .store import Spool
from .xet_format import Chunk, Segment, ShardFile, parse_shard, scan_xorb, unpack

_SCANS_KEPT = 64


def xorb_path(hub: Hub, pool: str, xorb: str) -> Path:
    """Where a xorb of a pool is or would be; raises :class:`BadRequestError` for a malformed hash."""
    if not is_sha256(xorb):
        raise BadRequestError("The hash of a xorb is 64 lower-case hex digits.")
    # The pool was sealed by us. Names that differ by case only are two, on any file system.
    store_id, _, namespace = pool.partition("-")
    owner = hashlib.sha256(namespace.encode()).hexdigest()[:32]
    return hub.blobs.root / "xorbs" / store_id / owner / xorb[:2] / xorb


def keep_xorb(hub: Hub, pool: str, xorb: str, spool: Spool) -> bool:
    """Store a xorb after a look at its structure; True when it was not there. A second upload replaces the first."""
    target = xorb_path(hub, pool, xorb)
    is_new = not target.exists()
    spool.flush()
    with spool.path.open("rb") as file:
        scan_xorb(file, spool.size)
    spool.keep(target)
    return is_new


def ingest_shard(hub: Hub, claims: Mapping[str, Any], shard: Path) -> int:
    """Rebuild every file of a shard into the store, as objects of the token's repository; returns how many."""
    total, count = 0, 0
    with shard.open("rb") as file:
        for described in parse_shard(file):
            count += 1
            total += described.size
            if total > hub.limits.file_bytes:
                raise TooLargeError(f"A shard may describe {hub.limits.file_bytes} bytes.")
            _rebuild(hub, claims, described)
    return count


def _rebuild(hub: Hub, claims: Mapping[str, Any], described: ShardFile) -> None:
    with hub.blobs.spool(described.size) as spool:
        for segment in described.segments:
            for data in _segment_bytes(hub, claims["pool"], segment):
                spool.write(data)
        hub.blobs.keep(spool, described.sha256, described.size)
    note_object(hub, claims["repo"], described.sha256, described.size, claims["account"])


def _segment_bytes(hub: Hub, pool: str, segment: Segment) -> Iterator[bytes]:
    path = xorb_path(hub, pool, segment.xorb)
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise BadRequestError(f"The xorb {segment.xorb} was not uploaded to this pool.") from error
    with file:
        chunks = _chunks_of(path, path.stat().st_mtime_ns, path.stat().st_size)
        if segment.end > len(chunks):
            raise BadRequestError(f"The xorb {segment.xorb} has {len(chunks)} chunks only.")
        wanted = chunks[segment.start : segment.end]
        if sum(chunk.raw for chunk in wanted) != segment.size:
            raise BadRequestError("A segment has another length than the shard says.")
        for chunk in wanted:
            yield unpack(chunk, _stored(file, chunk))


@lru_cache(maxsize=_SCANS_KEPT)
def _chunks_of(path: Path, _changed_ns: int, size: int) -> list[Chunk]:
    """The scan of a stored xorb; the time of its last change is part of the key."""
    with path.open("rb") as file:
        return scan_xorb(file, size)


def _stored(file: BinaryIO, chunk: Chunk) -> bytes:
    file.seek(chunk.offset)
    return file.read(chunk.stored)
