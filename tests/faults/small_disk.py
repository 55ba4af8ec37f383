"""A real disk that is soon full: a small tmpfs, for as long as a test needs it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """Yield ``folder`` as a disk of ``size_bytes``; skips where mounting is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(
            "needs the right to mount a small disk: run the tests as root, or under `unshare --map-root-user -m`"
        )
    try:
        yield folder
    finally:
        # Lazily: a process that still holds a file must not keep the disk mounted for ever.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(disk: Path) -> Iterator[Path]:
    """Yield a disk of :func:`small_disk`, which nobody can write meanwhile, not even root."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)


def fill(folder: Path, leave_bytes: int = 0) -> Path:
    """Fill the disk of ``folder`` but for ``leave_bytes``; returns the file that does so (delete it to make room)."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65536)
        except OSError:
            pass  # full: that is the point
        size = file.seek(0, 2)
        file.truncate(max(0, size - leave_bytes))
    return filler
