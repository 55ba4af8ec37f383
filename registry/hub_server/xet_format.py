"""The two binary formats of a Xet upload, as far as files are rebuilt from them.

A *xorb* is a row of chunks, each with an 8-byte header: version 0, three bytes of compressed length, the scheme, three
bytes of raw length (little-endian). An optional index that starts with ``XETBLOB`` may follow. A *shard* describes
files in 48-byte records: which chunks of which xorbs make them up, and the SHA-256 of the whole. Hashes are written as
four little-endian 64-bit words.

Source: xet-core (Apache-2.0), ``cas_object`` and ``mdb_shard``.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import lz4.frame

from .errors import BadRequestError

MAX_CHUNK_BYTES = 128 * 1024
_MAX_STORED_BYTES = 2 * MAX_CHUNK_BYTES  # an incompressible chunk grows a little
_HEADER_BYTES, _RECORD_BYTES = 8, 48
_INDEX_MARK = b"XETBLOB"
_SHARD_MARK = b"HFRepoMetaData\0"
_SHARD_VERSION = 2
_BOOKEND = b"\xff" * 32
_WITH_CHECKS, _WITH_SHA256 = 1 << 31, 1 << 30
_PLAIN, _LZ4, _GROUPED_LZ4 = 0, 1, 2


class Chunk(NamedTuple):
    """Where one chunk lies in its xorb, and how it is packed. Bytes."""

    offset: int
    stored: int
    scheme: int
    raw: int


class Segment(NamedTuple):
    """Chunks ``start`` to ``end`` (exclusive) of one xorb: ``size`` bytes of a file."""

    xorb: str
    start: int
    end: int
    size: int


class ShardFile(NamedTuple):
    """One file of a shard."""

    sha256: str
    segments: tuple[Segment, ...]

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return sum(segment.size for segment in self.segments)


def hash_text(raw: bytes) -> str:
    """A 32-byte hash as it is written in addresses.

    >>> hash_text(bytes(range(32)))[:16]
    '0706050403020100'
    """
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", raw))


def scan_xorb(file: BinaryIO, size: int) -> list[Chunk]:
    """The chunks of a xorb, without unpacking them; raises :class:`BadRequestError` when it is malformed."""
    chunks: list[Chunk] = []
    offset = 0
    while offset < size:
        file.seek(offset)
        header = file.read(_HEADER_BYTES)
        if header.startswith(_INDEX_MARK):
            break
        if len(header) < _HEADER_BYTES or header[0] != 0 or header[4] not in (_PLAIN, _LZ4, _GROUPED_LZ4):
            raise BadRequestError("The xorb has a malformed chunk header.")
        stored, raw = int.from_bytes(header[1:4], "little"), int.from_bytes(header[5:8], "little")
        offset += _HEADER_BYTES
        if not 0 < raw <= MAX_CHUNK_BYTES or not 0 < stored <= _MAX_STORED_BYTES or offset + stored > size:
            raise BadRequestError("The xorb has a chunk of impossible length.")
        chunks.append(Chunk(offset, stored, header[4], raw))
        offset += stored
    if not chunks:
        raise BadRequestError("The xorb has no chunks.")
    return chunks


def unpack(chunk: Chunk, stored: bytes) -> bytes:
    """The raw bytes of a chunk; never more than it announces. Raises :class:`BadRequestError`."""
    if chunk.scheme == _PLAIN:
        raw = stored
    else:
        try:
            # One byte more than announced is enough to see that a chunk lies about its length.
            raw = lz4.frame.LZ4FrameDecompressor().decompress(stored, max_length=chunk.raw + 1)
        except (RuntimeError, EOFError, ValueError) as error:
            raise BadRequestError("A chunk is not a valid LZ4 frame.") from error
    if len(raw) != chunk.raw:
        raise BadRequestError("A chunk has another length than it says.")
    return _ungroup(raw) if chunk.scheme == _GROUPED_LZ4 else raw


def parse_shard(file: BinaryIO) -> Iterator[ShardFile]:
    """The files of a shard, one at a time; raises :class:`BadRequestError` when it is malformed."""
    header = file.read(_RECORD_BYTES)
    if len(header) < _RECORD_BYTES or not header.startswith(_SHARD_MARK):
        raise BadRequestError("This is not a shard.")
    if struct.unpack_from("<Q", header, 32)[0] != _SHARD_VERSION:
        raise BadRequestError("The shard has an unknown version.")
    while True:
        record = _record(file)
        if record.startswith(_BOOKEND):
            return
        flags, count = struct.unpack_from("<II", record, 32)
        # The list is as long as the records that are really there: a false count meets the end of the body.
        segments = tuple(_segment(_record(file)) for _ in range(count))
        if flags & _WITH_CHECKS:
            for _ in range(count):
                _record(file)
        if not flags & _WITH_SHA256:
            raise BadRequestError("A file of the shard has no SHA-256.")
        yield ShardFile(hash_text(_record(file)[:32]), segments)


def _segment(record: bytes) -> Segment:
    size, start, end = struct.unpack_from("<III", record, 36)
    if end <= start or size > (end - start) * MAX_CHUNK_BYTES:
        raise BadRequestError("A segment of the shard is impossible.")
    return Segment(hash_text(record[:32]), start, end, size)


def _record(file: BinaryIO) -> bytes:
    record = file.read(_RECORD_BYTES)
    if len(record) < _RECORD_BYTES:
        raise BadRequestError("The shard ends too early.")
    return record


def _ungroup(grouped: bytes) -> bytes:
    """Undo byte grouping by four: first all bytes at positions 0, 4, 8 …, then those at 1, 5, 9 … and so on."""
    raw = bytearray(len(grouped))
    start = 0
    for lane in range(4):
        count = len(range(lane, len(grouped), 4))
        raw[lane::4] = grouped[start : start + count]
        start += count
    return bytes(raw)
