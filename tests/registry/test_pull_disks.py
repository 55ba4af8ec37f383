"""Pulling onto disks that are full, read-only, elsewhere, or without links."""

import errno
import os
from pathlib import Path

import pytest
from meddling_hub import MeddlingHub, Reply
from shops import Shop, damage
from small_disk import fill, read_only, small_disk

from registry.errors import CorruptDownloadError
from zoo.checkpoint.folder import WEIGHTS
from zoo.core.errors import PrunariumError
from zoo.core.files import DiskFullError

pytestmark = pytest.mark.usefixtures("no_pauses")


def test_a_disk_without_room_is_said_before_anything_comes(shop: Shop, between: MeddlingHub, target: str) -> None:
    size = shop.source.weights.stat().st_size
    with small_disk(shop.cache, size // 2):
        with pytest.raises(DiskFullError, match=f"{size:,} bytes are to come, and .* has room for"):
            shop.pull(target)
        assert between.weights_bytes() == 0


def test_a_disk_that_fills_up_on_the_way_keeps_nothing_half_written(
    shop: Shop, between: MeddlingHub, target: str
) -> None:
    size = shop.source.weights.stat().st_size
    with small_disk(shop.cache, 4 * size) as disk:

        def fill_up(reply: Reply) -> Reply:
            if reply.is_weights:
                fill(disk, leave_bytes=size // 2)
            return reply

        between.meddle = fill_up
        with pytest.raises(DiskFullError, match=str(disk)):
            shop.pull(target)
        assert not list(disk.glob("models--*/blobs/*"))
        assert not list(disk.glob("models--*/snapshots/*/*"))
        (disk / "filler").unlink()
        between.meddle = lambda reply: reply
        assert shop.pull(target).verified_by == "catalogue"


def test_a_disk_that_is_full_to_the_last_byte(shop: Shop, target: str) -> None:
    with small_disk(shop.cache, 2**20) as disk:
        fill(disk)
        with pytest.raises(DiskFullError):
            shop.pull(target)


def test_a_cache_that_may_not_be_written_still_gives_what_it_holds(shop: Shop, target: str) -> None:
    with small_disk(shop.cache, 2**23) as disk:
        with read_only(disk), pytest.raises(PrunariumError, match=f"Not allowed to write {disk}"):
            shop.pull(target)
        shop.pull(target)
        with read_only(disk):
            assert shop.pull(target).from_cache
        damage(shop.blob(WEIGHTS))
        with read_only(disk), pytest.raises(CorruptDownloadError, match="is damaged, and the cache may not be written"):
            shop.pull(target)
        assert not shop.pull(target).from_cache


def test_a_folder_on_another_disk(shop: Shop, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2**22) as disk:
        got = shop.pull(out=disk / "model")
        assert (got.path / WEIGHTS).read_bytes() == shop.source.weights.read_bytes()
        assert [path.name for path in disk.iterdir()] == ["model"]
        fill(disk, leave_bytes=1000)
        with pytest.raises(DiskFullError):
            shop.pull(out=disk / "second")
        assert sorted(path.name for path in disk.iterdir()) == ["filler", "model"]


def test_a_file_system_without_links(
    shop: Shop, between: MeddlingHub, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "symlink", refuse)
    got = shop.pull(target)
    weights = got.path / WEIGHTS
    assert not weights.is_symlink()
    assert not list(shop.cached.glob("blobs/*")), "nothing takes its place twice"
    before = len(between.sent)
    assert shop.pull(target).from_cache
    assert len(between.sent) == before, "and no connection is needed"
    damage(weights)
    assert not shop.pull(target).from_cache
    assert weights.read_bytes() == shop.source.weights.read_bytes()
