"""Files and folders that appear whole or not at all."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from .errors import PrunariumError


class DiskFullError(PrunariumError):
    """The disk is full; what was being written has been removed."""


@contextmanager
def atomic_file(path: Path, *, shared: bool = False) -> Iterator[Path]:
    """Yield a temporary file in the same folder that replaces ``path`` when the block ends well.

    Its owner alone may read it, unless it is ``shared``: then whoever the process lets read its other files.
    """
    _make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.part")
    with disk_errors(path):
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if shared else 0o600))
    try:
        with disk_errors(path):
            yield temporary
            _sync(temporary)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``path`` when the block ends well; an existing ``path`` is replaced.

    No folder can be renamed onto another that holds something: the old one is moved aside first. If the process is
    killed in that moment, the old one comes back when ``path`` is written next, whether that ends well or not.
    """
    _make_folder(path.parent)
    aside = path.with_name(f".{path.name}.old")
    with disk_errors(path):
        _put_back(aside, path)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        with disk_errors(path):
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    _sync(file)
            temporary.chmod(0o755)
            if path.is_dir() and not path.is_symlink():
                _move_aside(path, aside)
            temporary.replace(path)
    finally:
        _put_back(aside, path)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a missing right into one clear error that names the place."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"No space left while writing {path}.", "Free some space, then run the same command again."
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise PrunariumError(
                f"Not allowed to write {path}.", "Choose another folder, or change its permissions."
            ) from error
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)


def sha256_of_file(path: Path) -> str:
    """64 hex digits of the file's bytes, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move_aside(path: Path, aside: Path) -> None:
    shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed after it had replaced the folder
    path.rename(aside)


def _put_back(aside: Path, path: Path) -> None:
    if aside.exists() and not path.exists():
        aside.rename(path)


def _make_folder(path: Path) -> None:
    with disk_errors(path):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError, FileNotFoundError) as error:
            raise PrunariumError(
                f"The folder {path} cannot be made: {error.strerror}.", "Choose another folder, or move what is there."
            ) from error


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
