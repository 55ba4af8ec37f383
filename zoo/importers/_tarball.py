"""A TensorFlow checkpoint inside a ``.tar.gz``, as RigL's authors offer theirs."""

import re
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from ..checkpoint.safetensors_file import MAX_FILE_BYTES
from ..errors import ForeignFileError

_CHECKPOINT = re.compile(r"[^/\\\x00]+\.(index|data-\d{5}-of-\d{5})")
_CHUNK_BYTES = 1 << 20
_MAX_MEMBERS = 10_000


def unpacked_checkpoint(path: Path, folder: Path) -> Path:
    """Copy index and data files of the only checkpoint into ``folder``, under their last names; gives the index.

    Links, devices and every other file stay inside. Raises :class:`ForeignFileError` for a damaged archive, one that
    grows too large, and one without or with several checkpoints.
    """
    try:
        with tarfile.open(path, "r|gz") as archive:
            indices = _copied(archive, folder, path)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ForeignFileError(f"{path}: no archive that can be read: {error}.", "Fetch it again.") from error
    if len(indices) != 1:
        found = ", ".join(sorted(index.name for index in indices)) or "none"
        raise ForeignFileError(
            f"{path}: expected one TensorFlow checkpoint in it, found: {found}.",
            "Unpack it, and import the file that ends in .index.",
        )
    return indices[0]


def _copied(archive: tarfile.TarFile, folder: Path, path: Path) -> list[Path]:
    indices, written = [], 0
    for count, member in enumerate(archive):
        if count >= _MAX_MEMBERS:
            raise ForeignFileError(f"{path}: more than {_MAX_MEMBERS:,} files.")
        name = PurePosixPath(member.name).name
        if not member.isfile() or not _CHECKPOINT.fullmatch(name):
            continue
        written += member.size
        if written > MAX_FILE_BYTES:
            raise ForeignFileError(f"{path}: unpacks to more than {MAX_FILE_BYTES:,} bytes.")
        target = folder / name
        source = archive.extractfile(member)
        if source is None or target.exists():
            raise ForeignFileError(f"{path}: holds {name} twice.", "Unpack it, and import the one that is meant.")
        with source, target.open("xb") as file:
            while chunk := source.read(_CHUNK_BYTES):
                file.write(chunk)
        if name.endswith(".index"):
            indices.append(target)
    return indices
