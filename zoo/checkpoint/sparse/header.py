"""The metadata of a sparse file: its version, its densified hash, and a description of every encoded tensor.

``prunarium.sparse``          the version of the format
``prunarium.densified_hash``  of the tensors as decoded
``prunarium.tensors``         a JSON object from the name of each encoded tensor to its description (codec.py)

Other keys are those of the dense file, so that unpacking gives them back.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..errors import ConfigError, SparseFileError, TooEmptyError
from ..safetensors_file import MAX_FILE_BYTES, Entry, TensorFile
from ..strict import parse_json
from .codec import Encoding

VERSION = 1
VERSION_KEY = "prunarium.sparse"
HASH_KEY = "prunarium.densified_hash"
TENSORS_KEY = "prunarium.tensors"

# What a small file may grow to in memory: this much for nothing, then so many times its own size. Real models stay far
# below; a bomb of repeated bytes does not.
FREE_BYTES = 256 * 2**20
MAX_EXPANSION = 1024

Metadata = dict[str, str]

# From a version to the function that gives the metadata of the version after it.
UPGRADES: dict[int, Callable[[Metadata], Metadata]] = {}


class Stored(NamedTuple):
    """One tensor of the model: where its bytes lie, and how they are encoded if they are."""

    entry: Entry
    encoding: Encoding | None

    @property
    def name(self) -> str:
        """The tensor's name."""
        return self.entry.name

    @property
    def dtype(self) -> str:
        """The decoded dtype."""
        return self.encoding.dtype if self.encoding else self.entry.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The decoded shape."""
        return self.encoding.shape if self.encoding else self.entry.shape

    @property
    def dense_bytes(self) -> int:
        """Bytes of the decoded tensor."""
        return self.encoding.dense_bytes if self.encoding else self.entry.end - self.entry.begin


class SparseHeader(NamedTuple):
    """What a sparse file says of itself: ``densified_hash`` is a claim until the tensors have been hashed."""

    densified_hash: str
    metadata: Metadata
    tensors: tuple[Stored, ...]


def is_sparse(metadata: Mapping[str, str]) -> bool:
    """Whether a safetensors file with this metadata is a sparse file, of whatever version."""
    return VERSION_KEY in metadata


def to_metadata(densified_hash: str, encodings: Mapping[str, Encoding], other: Mapping[str, str]) -> Metadata:
    """The metadata of a new file; raises :class:`SparseFileError` where ``other`` uses a key of ours."""
    ours = {VERSION_KEY, HASH_KEY, TENSORS_KEY} & other.keys()
    if ours:
        raise SparseFileError(f"the metadata of the model uses {', '.join(sorted(ours))}.", "Is it packed already?")
    described = {name: encodings[name].to_text() for name in sorted(encodings)}
    text = json.dumps(described, separators=(",", ":"), ensure_ascii=False)
    return {**other, VERSION_KEY: str(VERSION), HASH_KEY: densified_hash, TENSORS_KEY: text}


def judge(opened: TensorFile) -> SparseHeader:
    """What an open sparse file holds; raises :class:`SparseFileError` for a description that is malformed, does not
    fit the entries, or asks for more memory than a file of this size may.
    """
    metadata = _upgraded(dict(opened.header.metadata), str(opened.path))
    claimed = metadata.pop(HASH_KEY, None)
    described = metadata.pop(TENSORS_KEY, None)
    del metadata[VERSION_KEY]
    if claimed is None or described is None:
        raise SparseFileError(f"{opened.path}: {HASH_KEY} or {TENSORS_KEY} is missing from the metadata.")
    encodings = _encodings(described, str(opened.path))
    tensors = tuple(Stored(entry, encodings.pop(entry.name, None)) for entry in opened.header.entries)
    if encodings:
        raise SparseFileError(f"{opened.path}: tensor {min(encodings)!r} is described but not there.")
    for tensor in tensors:
        if tensor.encoding and (tensor.entry.dtype != "U8" or len(tensor.entry.shape) != 1):
            raise SparseFileError(f"{opened.path}: tensor {tensor.name!r} is described but not a row of bytes.")
    _judge_size(tensors, opened)
    return SparseHeader(claimed, metadata, tensors)


def _upgraded(metadata: Metadata, where: str) -> Metadata:
    """The metadata in the words of this version."""
    text = metadata[VERSION_KEY]
    version = int(text) if re.fullmatch("0|[1-9][0-9]{0,8}", text) else None
    if version is not None and version > VERSION:
        raise SparseFileError(
            f"{where}: version {version} of the sparse file; this program reads up to version {VERSION}.",
            "Upgrade prunarium: pip install --upgrade prunarium",
        )
    while version is not None and version in UPGRADES:
        metadata = UPGRADES[version](metadata)
        version += 1
    if version != VERSION:
        raise SparseFileError(f"{where}: there is no version {text[:20]!r} of the sparse file.")
    return metadata


def _encodings(text: str, where: str) -> dict[str, Encoding]:
    try:
        described = parse_json(text.encode(), f"{where}: {TENSORS_KEY}")
    except ConfigError as error:
        raise SparseFileError(error.message) from error
    if not isinstance(described, dict) or not all(isinstance(value, str) for value in described.values()):
        raise SparseFileError(f"{where}: {TENSORS_KEY} must map names to descriptions.")
    encodings = {}
    for name, value in described.items():
        try:
            encodings[name] = Encoding.from_text(value)
        except SparseFileError as error:
            raise SparseFileError(f"{where}: tensor {name!r}: {error.message}.") from error
    return encodings


def judge_size(dense_bytes: int, file_bytes: int, where: str) -> None:
    """Raise :class:`TooEmptyError` where a file would decode to more than its size allows."""
    limit = min(MAX_FILE_BYTES, FREE_BYTES + MAX_EXPANSION * file_bytes)
    if dense_bytes > limit:
        raise TooEmptyError(
            f"{where}: decodes to {dense_bytes:,} bytes; a file of {file_bytes:,} bytes may decode to {limit:,}.",
            "A model this empty is kept as a dense file.",
        )


def _judge_size(tensors: tuple[Stored, ...], opened: TensorFile) -> None:
    file_bytes = opened.header.data_start + sum(tensor.entry.end - tensor.entry.begin for tensor in tensors)
    dense = sum(tensor.dense_bytes for tensor in tensors)
    # The frame of a tensor holds its planes: up to eight bytes of gaps and palettes beside each value.
    frames = (sum(tensor.encoding.sizes) for tensor in tensors if tensor.encoding)
    judge_size(max(dense, *frames, 0), file_bytes, str(opened.path))
