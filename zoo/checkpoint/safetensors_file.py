"""The safetensors container, byte by byte: the header is judged before a single weight is read.

Layout: eight bytes, little-endian length of the header; the header, a JSON object from tensor name to dtype, shape and
``data_offsets`` (begin, end) within the data that follows; the data, without holes. The format is that of
https://github.com/huggingface/safetensors; files written here are byte-equal to those of its library.
"""

import json
import math
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..core.files import atomic_file
from ..core.hashing import RawTensor
from .dtypes import DTYPES, from_numpy, to_numpy
from .errors import ConfigError, TensorFileError
from .strict import parse_json

__all__ = [
    "Entry",
    "Header",
    "encode_header",
    "from_numpy",
    "parse_header",
    "read_header",
    "read_tensors",
    "to_numpy",
    "write_tensors",
]

MAX_HEADER_BYTES = 16 * 2**20
MAX_FILE_BYTES = 8 * 2**30
METADATA = {"format": "pt"}

_RANK = {dtype: rank for rank, dtype in enumerate(DTYPES)}


class Entry(NamedTuple):
    """Where one tensor lies; ``begin`` and ``end`` are byte offsets within the data section."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Header(NamedTuple):
    """A validated header: entries in the order of their bytes, which begin at ``data_start`` of the file."""

    metadata: dict[str, str]
    entries: tuple[Entry, ...]
    data_start: int


def read_header(path: Path) -> Header:
    """The validated header of a file; raises :class:`TensorFileError` that names the file and the tensor."""
    with _opened(path) as file:
        return _header(file, path)


def read_tensors(path: Path, names: Collection[str] | None = None) -> list[RawTensor]:
    """All tensors in the order of their bytes, or those of ``names`` alone, whose bytes are then all that is read.

    Raises :class:`TensorFileError` for anything but a whole, well-formed file, and for a name that it does not hold.
    """
    with _opened(path) as file:
        header = _header(file, path)
        if names is not None:
            return [_tensor(file, entry, header, path) for entry in select(header.entries, names, path)]
        size = header.entries[-1].end if header.entries else 0
        data = memoryview(file.read(size))
    if len(data) != size:
        raise TensorFileError(f"{path}: ended after {len(data):,} of {size:,} bytes of data.")
    return [RawTensor(entry.name, entry.dtype, entry.shape, data[entry.begin : entry.end]) for entry in header.entries]


def write_tensors(path: Path, tensors: Iterable[RawTensor], metadata: Mapping[str, str] = METADATA) -> None:
    """Write a file, atomically; equal tensors and metadata give equal bytes, whatever their order.

    Raises :class:`TensorFileError` for a doubled name, an unknown dtype or data that do not fill their shape.
    """
    ordered = sorted(tensors, key=lambda tensor: (_RANK.get(tensor.dtype, 0), tensor.name.encode()))
    header = encode_header(ordered, metadata)
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for tensor in ordered:
            file.write(tensor.data)


def encode_header(tensors: Iterable[RawTensor], metadata: Mapping[str, str]) -> bytes:
    """The header of tensors that will lie in this order, padded with spaces to a multiple of eight bytes."""
    document: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    begin = 0
    for tensor in tensors:
        if tensor.name in document:
            raise TensorFileError(f"tensor {tensor.name!r} stands twice.")
        end = begin + len(memoryview(tensor.data).cast("B"))
        entry = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
        _entry(tensor.name, entry, "new file")
        document[tensor.name] = entry
        begin = end
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    return text + b" " * (-len(text) % 8)


def select(entries: Iterable[Entry], names: Collection[str], path: Path) -> list[Entry]:
    """The entries of ``names``, in the order of their bytes; raises :class:`TensorFileError` for one that is absent."""
    wanted = set(names)
    found = [entry for entry in entries if entry.name in wanted]
    absent = sorted(wanted - {entry.name for entry in found})
    if absent:
        raise TensorFileError(f"{path}: holds no tensor {', '.join(map(repr, absent))}.")
    return found


def _tensor(file: BinaryIO, entry: Entry, header: Header, path: Path) -> RawTensor:
    file.seek(header.data_start + entry.begin)
    data = file.read(entry.end - entry.begin)
    if len(data) != entry.end - entry.begin:
        raise TensorFileError(f"{path}: ended within tensor {entry.name!r}.")
    return RawTensor(entry.name, entry.dtype, entry.shape, data)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise TensorFileError(f"{path}: cannot be read: {error.strerror}.") from error


def _header(file: BinaryIO, path: Path) -> Header:
    size = os.fstat(file.fileno()).st_size
    if size > MAX_FILE_BYTES:
        raise TensorFileError(f"{path}: {size:,} bytes, at most {MAX_FILE_BYTES:,} are allowed.")
    prefix = file.read(8)
    if len(prefix) < 8:
        raise TensorFileError(f"{path}: {size} bytes are too few for a safetensors file.")
    length = int.from_bytes(prefix, "little")
    if length > MAX_HEADER_BYTES or length > size - 8:
        raise TensorFileError(
            f"{path}: the header claims {length:,} bytes; the file has {size:,}, a header at most {MAX_HEADER_BYTES:,}."
        )
    return parse_header(file.read(length), size - 8 - length, str(path))


def parse_header(header: bytes, data_bytes: int, where: str) -> Header:
    """Judge a header against the ``data_bytes`` that follow it; ``where`` names the file in messages.

    Raises :class:`TensorFileError`: malformed JSON, doubled names, unknown dtype, a shape that does not fill its
    bytes, offsets that overlap, leave a hole or do not end with the file.
    """
    try:
        document = parse_json(header, f"{where}: header")
    except ConfigError as error:
        raise TensorFileError(error.message) from error
    if not isinstance(document, dict) or not header.startswith(b"{"):
        raise TensorFileError(f"{where}: header: expected a JSON object.")
    metadata = document.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise TensorFileError(f"{where}: header: __metadata__ must map names to strings.")
    entries = sorted((_entry(*item, where) for item in document.items()), key=lambda entry: (entry.begin, entry.end))
    position = 0
    for entry in entries:
        if entry.begin != position:
            trouble = "overlaps the tensor before it" if entry.begin < position else "leaves a hole before it"
            raise TensorFileError(
                f"{where}: tensor {entry.name!r} {trouble} (begins at {entry.begin}, not {position})."
            )
        position = entry.end
    if position != data_bytes:
        raise TensorFileError(f"{where}: the tensors take {position:,} bytes, the file holds {data_bytes:,}.")
    return Header(metadata, tuple(entries), 8 + len(header))


def _entry(name: str, value: Any, where: str) -> Entry:
    where = f"{where}: tensor {name!r}"
    if "\0" in name:
        raise TensorFileError(f"{where}: the name holds a NUL.")
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise TensorFileError(f"{where}: expected exactly dtype, shape and data_offsets.")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise TensorFileError(f"{where}: unknown dtype {dtype!r}.", f"Known: {', '.join(DTYPES)}.")
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        raise TensorFileError(f"{where}: shape and the two data_offsets must be lists of integers from 0.")
    begin, end = offsets
    size = math.prod(shape) * DTYPES[dtype].size
    if end - begin != size:
        raise TensorFileError(
            f"{where}: {dtype} of shape {shape} takes {size:,} bytes, the offsets give {end - begin:,}."
        )
    return Entry(name, dtype, tuple(shape), begin, end)


def _counts(value: Any) -> bool:
    # type(), because true is an int to isinstance.
    return isinstance(value, list) and all(type(entry) is int and entry >= 0 for entry in value)
