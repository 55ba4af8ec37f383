"""A file of somebody else as tensors, without running anything that it says."""

import pickle
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..checkpoint.errors import TensorFileError
from ..checkpoint.safetensors_file import MAX_FILE_BYTES
from ..checkpoint.torch_io import to_torch
from ..checkpoint.weights import read_weights
from ..errors import ForeignFileError
from ._bundle import read_bundle
from ._sstable import MAGIC, is_table
from ._tarball import unpacked_checkpoint

_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"
_PICKLES = (b"\x80", b"(")  # torch.save before 1.6: a pickle, of protocol 2 and more or of the first ones
_SAFE = (
    "Ask its authors for a safetensors file or a plain state dict. Where you trust the file, load it yourself and save "
    "torch.save(model.state_dict(), 'state.pth'), then import that."
)

_NAMING = ("WeightsUnpickler error:", "Unsupported", "Trying to load unsupported")  # how torch begins such a sentence


def read_document(path: Path) -> Any:
    """What a file holds: a mapping of names to tensors, perhaps inside other mappings.

    Safetensors (our sparse files too), ``.npz`` and TensorFlow's checkpoints (the ``.index`` beside its data, or a
    ``.tar.gz`` of both) are read as such, everything else by ``torch.load(weights_only=True)``. Raises
    :class:`ForeignFileError` for a file that is damaged, too large, or holds anything that would run code.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ForeignFileError(f"{path}: {size:,} bytes; at most {MAX_FILE_BYTES:,} are read.")
    with path.open("rb") as file:
        start = file.read(9)
        file.seek(max(0, size - len(MAGIC)))
        end = file.read()
    if not size:
        raise ForeignFileError(f"{path} is empty.", "Fetch it again.")
    if start[8:9] == b"{":
        return _safetensors(path)
    if start.startswith(_ZIP):
        return _archive(path)
    if is_table(end):
        return read_bundle(path)
    if start.startswith(_GZIP):
        with tempfile.TemporaryDirectory() as folder:
            return read_bundle(unpacked_checkpoint(path, Path(folder)))
    if start.startswith(_PICKLES):
        return _torch(path)
    raise ForeignFileError(
        f"{path}: neither safetensors, nor numpy arrays, nor a file of torch.save.",
        "Of a TensorFlow checkpoint give the file that ends in .index; it must be of version 2 of the format.",
    )


def _safetensors(path: Path) -> Any:
    try:
        return {tensor.name: to_torch(tensor) for tensor in read_weights(path)}
    except TensorFileError as error:
        raise ForeignFileError(error.message, error.hint) from error


def _archive(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise ForeignFileError(f"{path}: a damaged archive: {error}.", "Fetch it again.") from error
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_FILE_BYTES:
        raise ForeignFileError(f"{path}: unpacks to {unpacked:,} bytes; at most {MAX_FILE_BYTES:,} are read.")
    names = [entry.filename for entry in entries]
    return _npz(path) if names and all(name.endswith(".npy") for name in names) else _torch(path)


def _npz(path: Path) -> Any:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(np.array(arrays[name])) for name in arrays.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ForeignFileError(f"{path}: holds arrays that cannot be taken: {error}.", _SAFE) from error


def _torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the protocol of a pickle that is none
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ForeignFileError(f"{path}: refused, it holds more than tensors: {_cause(error)}", _SAFE) from error
    except Exception as error:  # torch's reader meets arbitrary bytes, and fails in as many ways
        raise ForeignFileError(
            f"{path}: not a whole file of torch.save ({type(error).__name__}: {_cause(error)}).", "Fetch it again."
        ) from error


def _cause(error: Exception) -> str:
    """The sentence that names the forbidden thing; torch's advice to switch the safety off stays out."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = next((line for line in lines if line.startswith(_NAMING)), None)
    return (named or (lines[0] if lines else type(error).__name__)).partition(" Please use ")[0][:300]
