"""The sorted table of LevelDB, which TensorFlow writes as a checkpoint's index: keys and values, nothing is executed.

A table is blocks and a footer of 48 bytes: where the index block lies, and a magic number. A block is entries whose
keys share a prefix with the key before, then restart points; behind it stand a byte for its compression and the
masked CRC-32C of both. Described in LevelDB's doc/table_format.md.
"""

from collections.abc import Iterator

from ..errors import ForeignFileError
from ._crc32c import masked_crc32c

MAGIC = bytes.fromhex("57fb808b247547db")

_FOOTER = 48
_TRAILER = 5
_MAX_ENTRIES = 1 << 17
_VARINT_BYTES = 10


class TableError(ForeignFileError):
    """A table that is damaged, or was made to do harm."""


def is_table(end: bytes) -> bool:
    """Whether a file that ends in ``end`` is a table."""
    return end.endswith(MAGIC)


def read_table(data: bytes) -> dict[bytes, bytes]:
    """All entries of a table, in the order of their keys.

    Raises :class:`TableError` for anything but a whole, uncompressed table whose keys ascend.
    """
    if len(data) < _FOOTER or not is_table(data):
        raise TableError("no table: its last eight bytes are not LevelDB's.")
    _, at = _handle(data, len(data) - _FOOTER)  # of the metaindex, which TensorFlow leaves empty
    index, _ = _handle(data, at)
    entries: dict[bytes, bytes] = {}
    last: bytes | None = None
    for _, where in _entries(_block(data, *index)):
        handle, end = _handle(where, 0)
        if end != len(where):
            raise TableError("an entry of the index is longer than a place.")
        for key, value in _entries(_block(data, *handle)):
            if last is not None and key <= last:
                raise TableError("the keys do not ascend.")
            last = key
            entries[key] = value
            if len(entries) > _MAX_ENTRIES:
                raise TableError(f"more than {_MAX_ENTRIES:,} entries.")
    return entries


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, seven bits a byte, and the place behind it; raises :class:`TableError`."""
    value = 0
    for count in range(_VARINT_BYTES):
        if at + count >= len(data):
            break
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if value >= 1 << 64:
                break
            return value, at + count + 1
    raise TableError("a number that ends nowhere.")


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return (offset, size), at


def _block(data: bytes, offset: int, size: int) -> bytes:
    end = offset + size
    if end + _TRAILER > len(data) - _FOOTER:
        raise TableError("a block lies outside of the file.")
    compression = data[end]
    if compression != 0:
        raise TableError(f"a block is compressed (kind {compression}); TensorFlow writes none that are.")
    if masked_crc32c(data[offset : end + 1]) != int.from_bytes(data[end + 1 : end + _TRAILER], "little"):
        raise TableError("a block does not have its checksum: the file is damaged.")
    return data[offset:end]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    restarts = int.from_bytes(block[-4:], "little") if len(block) >= 4 else -1
    end = len(block) - 4 * (restarts + 1)
    if restarts < 1 or end < 0:
        raise TableError("a block without restart points.")
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        size, at = varint(block, at)
        if shared > len(key) or at + own + size > end:
            raise TableError("an entry reaches beyond its block.")
        key = key[:shared] + block[at : at + own]
        at += own + size
        yield key, block[at - size : at]
