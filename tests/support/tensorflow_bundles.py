"""Checkpoints in TensorFlow's format made by hand, field by field, so that a single one can be wrong."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zoo.importers._crc32c import masked_crc32c
from zoo.importers._sstable import MAGIC


def varint(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def message(fields: Iterable[tuple[int, int | bytes]], fixed: tuple[int, ...] = ()) -> bytes:
    """A protocol buffer; the numbers in ``fixed`` are written in four bytes."""
    made = b""
    for number, value in fields:
        if isinstance(value, bytes):
            made += varint(number << 3 | 2) + varint(len(value)) + value
        elif number in fixed:
            made += varint(number << 3 | 5) + value.to_bytes(4, "little")
        else:
            made += varint(number << 3) + varint(value)
    return made


HEADER = message([(1, 1), (3, message([(1, 1)]))])


def entry(data: bytes, shape: tuple[int, ...], offset: int = 0, **changes: Any) -> bytes:
    """The place of a tensor in float32; ``changes``: kind, shard, size, crc, slices, shape_proto."""
    dims = message((2, message([(1, size)])) for size in shape)
    fields: list[tuple[int, int | bytes]] = [
        (1, changes.get("kind", 1)),
        (2, changes.get("shape_proto", dims)),
        (3, changes.get("shard", 0)),
        (4, offset),
        (5, changes.get("size", len(data))),
        (6, changes.get("crc", masked_crc32c(data))),
    ]
    if "slices" in changes:
        fields.append((7, changes["slices"]))
    return message(fields, fixed=(6,))


def block(entries: Iterable[tuple[bytes, bytes]], *, restarts: int = 1) -> bytes:
    """Keys written whole, without the trailer."""
    made = b"".join(b"\0" + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    return made + bytes(4) + restarts.to_bytes(4, "little")


def table(entries: Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]], **changes: Any) -> bytes:
    """A whole table of one block; ``changes``: compression, restarts, handle (bytes instead of the block's place)."""
    pairs = list(entries.items() if isinstance(entries, Mapping) else entries)
    data = _trailed(block(pairs, restarts=changes.get("restarts", 1)), changes.get("compression", 0))
    handle = changes.get("handle", varint(0) + varint(len(data) - 5))
    index = _trailed(block([(pairs[-1][0] + b"~", handle)]))
    footer = varint(0) + varint(0) + varint(len(data)) + varint(len(index) - 5)
    return data + index + footer.ljust(40, b"\0") + MAGIC


def write_bundle(path: Path, data: bytes, entries: Mapping[str, bytes], header: bytes = HEADER) -> Path:
    """``path``.index with a data file of one shard beside it; gives the index."""
    pairs = {b"": header} | {name.encode(): value for name, value in sorted(entries.items())}
    path.with_name(f"{path.name}.data-00000-of-00001").write_bytes(data)
    index = path.with_name(f"{path.name}.index")
    index.write_bytes(table(pairs))
    return index


def _trailed(made: bytes, compression: int = 0) -> bytes:
    made += bytes([compression])
    return made + masked_crc32c(made).to_bytes(4, "little")
