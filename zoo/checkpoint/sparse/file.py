"""Whole sparse files, with one tensor in memory at a time."""

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain, starmap
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...core.files import atomic_file
from ...core.hashing import DensifiedHasher, RawTensor
from ..errors import SparseFileError, TensorFileError
from ..safetensors_file import (
    METADATA,
    Entry,
    TensorFile,
    encode_header,
    file_order,
    judge_tensor,
    open_tensors,
    tensors_in,
)
from .codec import decode, encode
from .header import SparseHeader, Stored, judge, judge_size, to_metadata
from .planes import Bytes

# numpy and zstd let go of the interpreter's lock for most of the work; more threads than this wait for each other.
THREADS = 2

_WORTH_A_THREAD = 2**20

# Tensors go to the threads in so many shares: a future for each would take as long as a small tensor does.
_SHARES = 8

_ALIGNMENT = 64


def write_sparse(path: Path, tensors: Iterable[RawTensor], metadata: Mapping[str, str] = METADATA) -> str:
    """Write a sparse file, atomically, and give its densified hash.

    A sequence may have any order; an iterator must give its tensors by name (bytewise), because they are hashed as
    they pass. Equal tensors and metadata give equal bytes under one version of zstd.

    Raises :class:`TensorFileError` for a doubled or misplaced name, an unknown dtype or data that do not fill their
    shape, :class:`~zoo.checkpoint.errors.TooEmptyError` for a model so empty that its file could not be told from a
    bomb.
    """
    if isinstance(tensors, Sequence):
        tensors = sorted(tensors, key=lambda tensor: tensor.name.encode())
    with (
        atomic_file(path, shared=True) as temporary,
        tempfile.TemporaryFile(dir=path.parent) as spool,
        temporary.open("wb") as file,
    ):
        stored, found = _encode_all(tensors, spool, path)
        encodings = {place.name: place.encoding for place in stored if place.encoding}
        entries = [place.entry for place in stored]
        header = encode_header(
            [(entry.name, entry.dtype, entry.shape, entry.end - entry.begin) for entry in entries],
            to_metadata(found, encodings, metadata),
        )
        judge_size(sum(place.dense_bytes for place in stored), len(header) + spool.tell(), str(path))
        file.write(header)
        for entry in entries:
            spool.seek(entry.begin)
            file.write(spool.read(entry.end - entry.begin))
    return found


def read_sparse(path: Path, names: Collection[str] | None = None, *, verify: bool = False) -> list[RawTensor]:
    """All tensors in the order of the dense file, or those of ``names`` alone, whose bytes are then all that is read.

    ``verify`` compares the densified hash, for which all tensors are needed. Raises :class:`TensorFileError` (most
    often :class:`SparseFileError`) for anything but a whole, well-formed file, and for a name that it does not hold.
    """
    with open_tensors(path) as opened:
        tensors = sparse_tensors_in(opened, names)
        if verify and names is None:
            _compare(path, judge(opened), sorted(tensors, key=lambda tensor: tensor.name.encode()))
    return tensors


def sparse_tensors_in(opened: TensorFile, names: Collection[str] | None = None) -> list[RawTensor]:
    """As :func:`read_sparse`, of a file that is open; the encoded tensors share one buffer."""
    header = judge(opened)
    data = {tensor.name: tensor.data for tensor in tensors_in(opened, names)}
    stored = _dense_order(tensor for tensor in header.tensors if tensor.name in data)
    work = [(opened.path, tensor, data[tensor.name], room) for tensor, room in zip(stored, _rooms(stored), strict=True)]
    if sum(tensor.dense_bytes for tensor in stored) < _WORTH_A_THREAD:
        return list(starmap(_decoded, work))
    # Every share has tensors from the whole length of the model, and so about the same work.
    shares = [work[start::_SHARES] for start in range(_SHARES)]
    with ThreadPoolExecutor(THREADS) as pool:
        decoded = chain.from_iterable(pool.map(lambda share: list(starmap(_decoded, share)), shares))
        by_name = {tensor.name: tensor for tensor in decoded}
    return [by_name[tensor.name] for tensor in stored]


def iter_sparse(path: Path) -> Iterator[RawTensor]:
    """The tensors by name (bytewise), each read and decoded when its turn comes; raises as :func:`read_sparse`."""
    with open_tensors(path) as opened:
        yield from _by_name(opened, judge(opened))


def verify(path: Path) -> str:
    """The densified hash of the tensors as they are; raises :class:`SparseFileError` where the file claims another."""
    with open_tensors(path) as opened:
        header = judge(opened)
        return _compare(path, header, _by_name(opened, header))


def unpack(path: Path, target: Path) -> str:
    """Write the dense file, atomically, and give its densified hash, which has been verified.

    Byte-equal to the file that was packed if that lay as the safetensors library lays files out. Raises as
    :func:`read_sparse`.
    """
    found = verify(path)
    with open_tensors(path) as opened:
        header = judge(opened)
        ordered = _dense_order(header.tensors)
        start = encode_header(
            [(each.name, each.dtype, each.shape, each.dense_bytes) for each in ordered], header.metadata
        )
        with atomic_file(target, shared=True) as temporary, temporary.open("wb") as file:
            file.write(start)
            for tensor in ordered:
                file.write(_decoded(path, tensor, opened.read(tensor.entry)).data)
    return found


def _dense_order(tensors: Iterable[Stored]) -> list[Stored]:
    return sorted(tensors, key=lambda tensor: file_order(tensor.dtype, tensor.name))


def _encode_all(tensors: Iterable[RawTensor], spool: BinaryIO, path: Path) -> tuple[list[Stored], str]:
    """Spool the tensors as they come, because the header that goes before them needs to know where each will end.

    Gives them in the order of the file, with their places in the spool, and the densified hash.
    """
    hasher, stored = DensifiedHasher(), []
    for tensor in tensors:
        judge_tensor(tensor, str(path))
        try:
            hasher.update(tensor)
        except ValueError as error:
            raise TensorFileError(f"{path}: {error}.") from error
        stored.append(_append(spool, tensor))
    stored.sort(key=lambda place: file_order(place.entry.dtype, place.name))
    return stored, hasher.value()


def _append(spool: BinaryIO, tensor: RawTensor) -> Stored:
    """Write one tensor to the end of the spool; the offsets of its entry are places there."""
    encoded = encode(tensor)
    encoding, data = encoded if encoded else (None, memoryview(tensor.data).cast("B"))
    begin = spool.tell()
    spool.write(data)
    dtype, shape = ("U8", (len(data),)) if encoding else (tensor.dtype, tensor.shape)
    return Stored(Entry(tensor.name, dtype, shape, begin, begin + len(data)), encoding)


def _by_name(opened: TensorFile, header: SparseHeader) -> Iterator[RawTensor]:
    for tensor in sorted(header.tensors, key=lambda stored: stored.name.encode()):
        yield _decoded(opened.path, tensor, opened.read(tensor.entry))


def _rooms(tensors: Iterable[Stored]) -> list[Bytes]:
    """Zeros for every encoded tensor, out of one allocation: numpy asks for large pages, which are quicker to get."""
    sizes = [tensor.encoding.dense_bytes if tensor.encoding else 0 for tensor in tensors]
    starts = list(accumulate((-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes), initial=0))
    arena = np.zeros(starts[-1], np.uint8)
    return [arena[start : start + size] for start, size in zip(starts, sizes, strict=False)]


def _decoded(path: Path, tensor: Stored, data: bytes | memoryview, room: Bytes | None = None) -> RawTensor:
    if tensor.encoding is None:
        return RawTensor(tensor.name, tensor.dtype, tensor.shape, data)
    try:
        return decode(tensor.name, tensor.encoding, data, room)
    except SparseFileError as error:
        raise SparseFileError(f"{path}: tensor {tensor.name!r}: {error.message}.") from error


def _compare(path: Path, header: SparseHeader, tensors: Iterable[RawTensor]) -> str:
    hasher = DensifiedHasher()
    for tensor in tensors:
        hasher.update(tensor)
    if hasher.value() != header.densified_hash:
        raise SparseFileError(
            f"{path}: claims the densified hash {header.densified_hash}, its tensors have {hasher.value()}.",
            "Fetch the file again; if that does not help, it was never right.",
        )
    return hasher.value()
