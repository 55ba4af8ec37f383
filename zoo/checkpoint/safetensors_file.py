"""The safetensors container, byte by byte: the header is judged before a single weight is read.

Layout: eight bytes, little-endian length of the header; the header, a JSON object from tensor name to dtype, shape and
``data_offsets`` (begin, end) within the data that follows; the data, without holes. The format is that of
https://github.com/huggingface/safetensors; files written here are byte-equal to those of its library.
"""

import json
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
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
    "TensorFile",
    "encode_header",
    "file_order",
    "from_numpy",
    "header_length",
    "judge_tensor",
    "open_tensors",
    "parse_header",
    "read_header",
    "read_tensors",
    "tensors_in",
    "to_numpy",
    "write_tensors",
]

MAX_HEADER_BYTES = 16 * 2**20
MAX_FILE_BYTES = 8 * 2**30
METADATA = {"format": "pt"}

_FIELDS = {"dtype", "shape", "data_offsets"}
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


class TensorFile(NamedTuple):
    """An open file whose header has been judged; no tensor has been read."""

    path: Path
    file: BinaryIO
    header: Header

    def read(self, entry: Entry) -> bytes:
        """The bytes of one entry; raises :class:`TensorFileError` where the file ends before they do."""
        self.file.seek(self.header.data_start + entry.begin)
        data = self.file.read(entry.end - entry.begin)
        if len(data) != entry.end - entry.begin:
            raise TensorFileError(f"{self.path}: ended within tensor {entry.name!r}.")
        return data


@contextmanager
def open_tensors(path: Path) -> Iterator[TensorFile]:
    """Open a file and judge its header; raises :class:`TensorFileError` that names the file and the tensor."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise TensorFileError(f"{path}: cannot be read: {error.strerror}.") from error
    with file:
        yield TensorFile(path, file, _header(file, path))


def read_header(path: Path) -> Header:
    """The validated header of a file; raises as :func:`open_tensors`."""
    with open_tensors(path) as opened:
        return opened.header


def read_tensors(path: Path, names: Collection[str] | None = None) -> list[RawTensor]:
    """All tensors in the order of their bytes, or those of ``names`` alone, whose bytes are then all that is read.

    Raises :class:`TensorFileError` for anything but a whole, well-formed file, and for a name that it does not hold.
    """
    with open_tensors(path) as opened:
        return tensors_in(opened, names)


def tensors_in(opened: TensorFile, names: Collection[str] | None = None) -> list[RawTensor]:
    """As :func:`read_tensors`; all tensors share one buffer, and are views of it."""
    if names is not None:
        chosen = _select(opened, names)
        return [RawTensor(entry.name, entry.dtype, entry.shape, opened.read(entry)) for entry in chosen]
    entries = opened.header.entries
    whole = memoryview(opened.read(Entry("", "U8", (), 0, entries[-1].end if entries else 0)))
    return [RawTensor(entry.name, entry.dtype, entry.shape, whole[entry.begin : entry.end]) for entry in entries]


def write_tensors(path: Path, tensors: Iterable[RawTensor], metadata: Mapping[str, str] = METADATA) -> None:
    """Write a file, atomically; equal tensors and metadata give equal bytes, whatever their order.

    Raises :class:`TensorFileError` for a doubled name, an unknown dtype or data that do not fill their shape.
    """
    ordered = sorted(tensors, key=lambda tensor: file_order(tensor.dtype, tensor.name))
    header = encode_header([(*tensor[:3], memoryview(tensor.data).nbytes) for tensor in ordered], metadata)
    with atomic_file(path, shared=True) as temporary, temporary.open("wb") as file:
        file.write(header)
        for tensor in ordered:
            file.write(tensor.data)


def file_order(dtype: str, name: str) -> tuple[int, bytes]:
    """The key by which tensors lie in a file: aligned first, then by name, as the library has it."""
    return _RANK.get(dtype, 0), name.encode()


def judge_tensor(tensor: RawTensor, where: str) -> None:
    """Raise :class:`TensorFileError` for a tensor that no file can hold: its name, its dtype, its number of bytes."""
    entry = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [0, memoryview(tensor.data).nbytes]}
    _entry(tensor.name, entry, where)


def encode_header(tensors: Iterable[tuple[str, str, tuple[int, ...], int]], metadata: Mapping[str, str]) -> bytes:
    """The start of a file, from the length of its header to the padding that ends it.

    ``tensors`` (name, dtype, shape, bytes) lie in this order. Raises as :func:`write_tensors`.
    """
    document: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    begin = 0
    for name, dtype, shape, size in tensors:
        if name in document:
            raise TensorFileError(f"tensor {name!r} stands twice.")
        entry = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, begin + size]}
        _entry(name, entry, "new file")
        document[name] = entry
        begin += size
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _select(opened: TensorFile, names: Collection[str]) -> list[Entry]:
    wanted = set(names)
    absent = sorted(wanted - {entry.name for entry in opened.header.entries})
    if absent:
        raise TensorFileError(f"{opened.path}: holds no tensor {', '.join(map(repr, absent))}.")
    return [entry for entry in opened.header.entries if entry.name in wanted]


def _header(file: BinaryIO, path: Path) -> Header:
    size = os.fstat(file.fileno()).st_size
    if size > MAX_FILE_BYTES:
        raise TensorFileError(f"{path}: {size:,} bytes, at most {MAX_FILE_BYTES:,} are allowed.")
    length = header_length(file.read(8), size, str(path))
    return parse_header(file.read(length), size - 8 - length, str(path))


def header_length(start: bytes, file_bytes: int, where: str) -> int:
    """How long the header of a file is, by its first eight bytes; raises :class:`TensorFileError` for nonsense."""
    if len(start) < 8:
        raise TensorFileError(f"{where}: {file_bytes} bytes are too few for a safetensors file.")
    length = int.from_bytes(start[:8], "little")
    if start.startswith(b"PK"):
        raise TensorFileError(
            f"{where}: an archive, as torch.save writes them, and no safetensors file.",
            "Make a model folder of it: prunarium import FILE --architecture NAME",
        )
    if length > MAX_HEADER_BYTES or length > file_bytes - 8:
        raise TensorFileError(
            f"{where}: the header claims {length:,} bytes; the file has {file_bytes:,}, "
            f"a header at most {MAX_HEADER_BYTES:,}.",
            "Is it a safetensors file at all? Others become one with: prunarium import FILE --architecture NAME",
        )
    return length


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
        raise TensorFileError(
            f"{where}: the tensors take {position:,} bytes, the file holds {data_bytes:,}.",
            "It was cut off: fetch it again." if position > data_bytes else None,
        )
    return Header(metadata, tuple(entries), 8 + len(header))


def _entry(name: str, value: Any, where: str) -> Entry:
    trouble = _trouble(name, value)
    if trouble:
        raise TensorFileError(f"{where}: tensor {name!r}{trouble[0]}", trouble[1])
    begin, end = value["data_offsets"]
    return Entry(name, value["dtype"], tuple(value["shape"]), begin, end)


def _trouble(name: str, value: Any) -> tuple[str, str | None] | None:
    """What is wrong with an entry, and what to do; no message is made for the thousand that are right."""
    if "\0" in name:
        return ": the name holds a NUL.", None
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        return ": expected exactly dtype, shape and data_offsets.", None
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        return f": unknown dtype {dtype!r}.", f"Known: {', '.join(DTYPES)}."
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        return ": shape and the two data_offsets must be lists of integers from 0.", None
    size, given = math.prod(shape) * DTYPES[dtype].size, offsets[1] - offsets[0]
    if given != size:
        return f": {dtype} of shape {shape} takes {size:,} bytes, the offsets give {given:,}.", None
    return None


def _counts(value: Any) -> bool:
    # type(), because true is an int to isinstance.
    return isinstance(value, list) and all(type(entry) is int and entry >= 0 for entry in value)
