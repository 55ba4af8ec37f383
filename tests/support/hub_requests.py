"""The protocol's requests, spelled out, for tests that need to get them wrong."""

import base64
import hashlib
import json
import struct
from collections.abc import Sequence
from typing import Any

import lz4.frame
from raw_http import Answer, RawClient


def ndjson(*rows: tuple[str, dict[str, Any]], summary: str = "test", **header: Any) -> bytes:
    """A commit body."""
    lines = [("header", {"summary": summary, "description": "", **header}), *rows]
    return b"\n".join(json.dumps({"key": key, "value": value}).encode() for key, value in lines)


def inline(path: str, content: bytes = b"x") -> tuple[str, dict[str, Any]]:
    """A regular file of a commit."""
    return "file", {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}


def large(path: str, sha256: str, size: int | None = None) -> tuple[str, dict[str, Any]]:
    """A large file of a commit."""
    return "lfsFile", {"path": path, "algo": "sha256", "oid": sha256, **({} if size is None else {"size": size})}


def commit(
    raw: RawClient, repo: str, *rows: tuple[str, dict[str, Any]], revision: str = "main", **header: Any
) -> Answer:
    """POST a commit to a model repository."""
    kind = {"Content-Type": "application/x-ndjson"}
    return raw("POST", f"/api/models/{repo}/commit/{revision}", ndjson(*rows, **header), headers=kind)


def sha256(data: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def batch(raw: RawClient, repo: str, *objects: tuple[str, int], transfers: Sequence[str] = ("basic",)) -> Answer:
    """Ask where to upload (sha256, size) objects."""
    wanted = [{"oid": oid, "size": size} for oid, size in objects]
    body = {"operation": "upload", "transfers": list(transfers), "objects": wanted, "hash_algo": "sha256"}
    return raw("POST", f"/{repo}.git/info/lfs/objects/batch", body)


def upload_address(raw: RawClient, repo: str, oid: str, size: int) -> str:
    """The signed address of one object."""
    href: str = batch(raw, repo, (oid, size)).json["objects"][0]["actions"]["upload"]["href"]
    return href


def upload(raw: RawClient, repo: str, data: bytes) -> str:
    """Upload one large object the LFS way; returns its sha256."""
    oid = sha256(data)
    answer = raw("PUT", upload_address(raw, repo, oid, len(data)), data, token=None)
    if answer.status != 200:
        raise RuntimeError(f"upload failed: {answer}")
    return oid


def xet(raw: RawClient, repo: str) -> tuple[str, RawClient]:
    """(address, client with the Xet token) for uploads to a repository."""
    answer = raw("GET", f"/api/models/{repo}/xet-write-token/main").json
    return answer["casUrl"], RawClient(raw.endpoint, answer["accessToken"])


def chunk(data: bytes, scheme: int = 1, *, raw_length: int | None = None) -> bytes:
    """One packed chunk of a xorb, by the published format."""
    grouped = b"".join(data[lane::4] for lane in range(4)) if scheme == 2 else data
    stored = lz4.frame.compress(grouped) if scheme else data
    length = len(data) if raw_length is None else raw_length
    return b"\0" + len(stored).to_bytes(3, "little") + bytes([scheme]) + length.to_bytes(3, "little") + stored


def words(text: str) -> bytes:
    """The 32 bytes of a hash that is written as four little-endian words."""
    return struct.pack("<4Q", *(int(text[start : start + 16], 16) for start in range(0, 64, 16)))


SHARD_HEADER = (b"HFRepoMetaData\0" + bytes(17)) + struct.pack("<QQ", 2, 0)
BOOKEND = b"\xff" * 32 + bytes(16)


def shard(*files: tuple[str, Sequence[tuple[str, int, int, int]]], checks: bool = False) -> bytes:
    """A shard: for each file its sha256 and its segments (xorb, first chunk, last chunk + 1, bytes)."""
    out = SHARD_HEADER
    for oid, segments in files:
        flags = (1 << 30) | (int(checks) << 31)
        out += bytes(32) + struct.pack("<IIQ", flags, len(segments), 0)
        for xorb, start, end, size in segments:
            out += words(xorb) + struct.pack("<IIII", 0, size, start, end)
        out += bytes(48 * len(segments)) if checks else b""
        out += words(oid) + bytes(16)
    return out + BOOKEND
