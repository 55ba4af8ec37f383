"""Files appear whole or not at all, and a full disk is one clear error."""

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import harness
import pytest

from zoo.core.errors import PrunariumError
from zoo.core.files import DiskFullError, atomic_file, atomic_folder, sha256_of_file, write_bytes


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), atomic_file(path) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with atomic_folder(path) as temporary:
        (temporary / "old").write_text("1")
    with atomic_folder(path) as temporary:
        (temporary / "new").write_text("2")
    assert [file.name for file in path.iterdir()] == ["new"]
    assert os.listdir(tmp_path) == ["model"]


def test_an_interrupted_folder_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "model") as temporary:
        (temporary / "half").write_text("1")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


REPLACE = """
import pathlib, sys
from zoo.core.files import atomic_folder
with atomic_folder(pathlib.Path(sys.argv[1])) as temporary:
    (temporary / "new").write_text("2")
"""


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_folder_that_was_moved_aside_by_a_killed_process_comes_back(tmp_path: Path, ends_well: bool) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").write_text("1")
    fault = "zoo.core.files:_move_aside@after#1=kill"
    assert harness.run(["-c", REPLACE, str(path)], faults=[fault]).killed
    assert not path.exists(), "the worst moment"
    with suppress(KeyboardInterrupt), atomic_folder(path) as temporary:
        assert (path / "old").read_text() == "1"
        (temporary / "newer").write_text("3")
        if not ends_well:
            raise KeyboardInterrupt
    assert [file.name for file in path.iterdir()] == (["newer"] if ends_well else ["old"])
    assert [name for name in os.listdir(tmp_path) if not name.endswith(".part")] == ["model"]


def test_what_a_process_killed_after_replacing_left_is_removed(tmp_path: Path) -> None:
    for name in ("model", ".model.old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("1")
    with atomic_folder(tmp_path / "model") as temporary:
        (temporary / "new").write_text("2")
    assert os.listdir(tmp_path) == ["model"]
    assert os.listdir(tmp_path / "model") == ["new"]


def test_a_file_or_a_link_is_not_taken_for_an_old_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    for name in ("file", "link"):
        with pytest.raises(NotADirectoryError), atomic_folder(tmp_path / name) as temporary:
            (temporary / "new").write_text("2")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "link"]
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    ("code", "expected"), [(errno.ENOSPC, DiskFullError), (errno.EDQUOT, DiskFullError), (errno.EROFS, PrunariumError)]
)
def test_errors_of_the_disk_name_the_place(tmp_path: Path, code: int, expected: type[PrunariumError]) -> None:
    with pytest.raises(expected, match="a.bin"), atomic_file(tmp_path / "a.bin"):
        raise OSError(code, os.strerror(code))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("shared", "mode"), [(False, 0o600), (True, 0o640)])
def test_only_what_is_shared_may_be_read_by_others(tmp_path: Path, shared: bool, mode: int) -> None:
    mask = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "a.bin", shared=shared) as temporary:
            assert temporary.stat().st_mode & 0o777 == mode
    finally:
        os.umask(mask)
    assert (tmp_path / "a.bin").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("write", [atomic_file, atomic_folder])
def test_a_folder_that_may_not_be_written_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)  # root may write anywhere
    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(PrunariumError, match=r"Not allowed to write .*a\.bin"), write(tmp_path / "a.bin"):
        pytest.fail("nothing can be written there")


@pytest.mark.parametrize("write", [atomic_file, atomic_folder])
@pytest.mark.parametrize("place", ["file/a", "file/folder/a"])
def test_a_file_in_the_way_of_the_folder_is_one_clear_error(
    tmp_path: Path, place: str, write: Callable[[Path], AbstractContextManager[Path]]
) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(PrunariumError, match=r"The folder .*file.* cannot be made"), write(tmp_path / place):
        pytest.fail("nothing can be written there")
    assert (tmp_path / "file").read_text() == "kept"


def test_sha256_of_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "abc", b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_of_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
