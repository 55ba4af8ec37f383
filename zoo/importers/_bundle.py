"""TensorFlow's checkpoints without TensorFlow: a table ``<name>.index`` and the tensors' bytes beside it.

Each value of the table is a protocol buffer of tensor_bundle.proto: the first says how many shards there are, each of
the others where a tensor lies, its type, its shape and its CRC-32C, which is compared. Strings (the object graph of
TensorFlow 2) are left out; a tensor cut into slices, another byte order or format is refused. Nothing is executed.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..checkpoint.safetensors_file import MAX_FILE_BYTES
from ..errors import ForeignFileError
from ._crc32c import masked_crc32c
from ._sstable import TableError, read_table, varint

INDEX = ".index"

_MAX_INDEX_BYTES = 64 * 2**20
_MAX_SHARDS = 1024
_MAX_DIMENSIONS = 16
_STRING = 7
# tensorflow/core/framework/types.proto: the kinds that a checkpoint of weights has.
_KINDS: Mapping[int, tuple[str, torch.dtype]] = {
    1: ("<f4", torch.float32),
    2: ("<f8", torch.float64),
    3: ("<i4", torch.int32),
    4: ("|u1", torch.uint8),
    6: ("|i1", torch.int8),
    9: ("<i8", torch.int64),
    10: ("|b1", torch.bool),
    14: ("<i2", torch.bfloat16),
    19: ("<f2", torch.float16),
}


class Placed(NamedTuple):
    """Where a tensor lies: ``shard`` of the data files, bytes from ``offset``; ``crc`` is masked."""

    kind: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int


def read_bundle(index: Path) -> dict[str, Tensor]:
    """The tensors of the checkpoint whose table is ``index``, by their names in TensorFlow; the layouts are its own.

    Raises :class:`ForeignFileError` for a checkpoint that is damaged, incomplete, too large or of another form.
    """
    try:
        return _read(index)
    except TableError as error:
        raise ForeignFileError(f"{index}: {error.message}", error.hint or "Fetch it again.") from error


def data_files(index: Path) -> list[Path]:
    """The files with the tensors' bytes that lie beside ``index``, in order."""
    stem = index.name.removesuffix(INDEX)
    return sorted(path for path in index.parent.iterdir() if path.name.startswith(f"{stem}.data-"))


def _read(index: Path) -> dict[str, Tensor]:
    if index.stat().st_size > _MAX_INDEX_BYTES:
        raise TableError(f"more than the {_MAX_INDEX_BYTES:,} bytes that an index may have.")
    entries = read_table(index.read_bytes())
    shards = _shards(entries.pop(b"", b""))
    placed = {_name(key): _placed(value) for key, value in entries.items()}
    placed = {name: place for name, place in placed.items() if place.kind != _STRING}
    for name, place in placed.items():
        if place.shard >= shards or place.offset + place.size > MAX_FILE_BYTES:
            raise TableError(f"{name} lies where no data file reaches.")
    total = sum(place.size for place in placed.values())
    if total > MAX_FILE_BYTES:
        raise TableError(f"the tensors take {total:,} bytes; at most {MAX_FILE_BYTES:,} are read.")
    made: dict[str, Tensor] = {}
    for number in range(shards):
        mine = {name: place for name, place in placed.items() if place.shard == number}
        path = index.with_name(f"{index.name.removesuffix(INDEX)}.data-{number:05d}-of-{shards:05d}")
        if mine:
            made |= _from_shard(path, mine)
    return {name: made[name] for name in placed}


def _from_shard(path: Path, placed: Mapping[str, Placed]) -> dict[str, Tensor]:
    if not path.is_file():
        raise TableError(f"{path.name} is missing.", "Put the index and its data files into one folder.")
    # Bytes that several tensors share would be a small file that grows large; TensorFlow never writes such.
    if sum(place.size for place in placed.values()) > path.stat().st_size:
        raise TableError(f"{path.name} is shorter than its tensors.")
    made = {}
    with path.open("rb") as file:
        for name, place in placed.items():
            file.seek(place.offset)
            data = file.read(place.size)
            if len(data) != place.size or masked_crc32c(data) != place.crc:
                raise TableError(f"the bytes of {name} do not have their checksum: {path.name} is damaged.")
            kind, dtype = _KINDS[place.kind]
            value = torch.from_numpy(np.frombuffer(bytearray(data), kind).reshape(place.shape))
            made[name] = value.view(dtype) if dtype == torch.bfloat16 else value
    return made


def _name(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise TableError("the name of a tensor is no text.") from error


def _shards(header: bytes) -> int:
    """From a BundleHeaderProto: num_shards = 1, endianness = 2, version = 3 { producer = 1, min_consumer = 2 }."""
    found = dict(_fields(header))
    shards, order = found.get(1, 0), found.get(2, 0)
    if not isinstance(shards, int) or not 1 <= shards <= _MAX_SHARDS:
        raise TableError("no checkpoint of TensorFlow: its header names no data files.")
    if order != 0:
        raise TableError("its bytes are in big-endian order.", "Save it on another machine.")
    return shards


def _placed(value: bytes) -> Placed:
    """From a BundleEntryProto: dtype, shape, shard_id, offset, size, crc32c (1 to 6), slices (7)."""
    found = dict(_fields(value))
    if 7 in found:
        raise TableError("a tensor is cut into slices.", "Save the checkpoint without partitioned variables.")
    kind, shard, offset, size, crc = (_number(found.get(number, 0)) for number in (1, 3, 4, 5, 6))
    shape = _shape(found.get(2, b""))
    if kind != _STRING:
        if kind not in _KINDS:
            raise TableError(f"a tensor of kind {kind}, which no weights have.")
        if math.prod(shape) * np.dtype(_KINDS[kind][0]).itemsize != size:
            raise TableError(f"a tensor of shape {list(shape)} has {size:,} bytes.")
    return Placed(kind, shape, shard, offset, size, crc)


def _shape(value: int | bytes) -> tuple[int, ...]:
    """From a TensorShapeProto: dim = 2 { size = 1 }, repeated; unknown_rank = 3."""
    if not isinstance(value, bytes):
        raise TableError("a shape that is none.")
    sizes = []
    for number, part in _fields(value):
        if number != 2 or not isinstance(part, bytes):
            raise TableError("a shape that is none.")
        sizes.append(_number(dict(_fields(part)).get(1, 0)))
    if len(sizes) > _MAX_DIMENSIONS or max(sizes, default=0) > MAX_FILE_BYTES:
        raise TableError("a shape beyond all measure.")
    return tuple(sizes)


def _number(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise TableError("text where a number belongs.")
    return value


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers of fields and their values: the wire format of protocol buffers, without groups."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(message, at)
            yield number, value
            continue
        if wire == 2:
            size, at = varint(message, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise TableError("a message that is no protocol buffer.")
        if at + size > len(message):
            raise TableError("a message that is cut off.")
        part = message[at : at + size]
        at += size
        yield number, part if wire == 2 else int.from_bytes(part, "little")
