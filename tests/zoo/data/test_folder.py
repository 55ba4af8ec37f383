"""Folders of images: which class, which split, which file."""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from miniature import samples, write_folders
from PIL import Image
from torchvision.datasets import ImageFolder

from zoo.core.errors import UsageError
from zoo.data import every_byte_read, load_data
from zoo.data.folder import ImageFiles
from zoo.errors import CorruptImageError, DataMismatchError, DataMissingError

NAMES = ("tench", "goldfish", "shark")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_folders(tmp_path / "train", samples([4, 3, 2]), NAMES)
    write_folders(tmp_path / "val", samples([1, 2, 1], start=50), NAMES)
    return tmp_path


def test_images_labels_and_order_are_those_of_torchvision(root: Path) -> None:
    data, judge = load_data(f"folder:{root}"), ImageFolder(str(root / "train"))
    train = data.splits["train"]
    assert list(data.class_names) == judge.classes
    assert train.labels.tolist() == judge.targets
    for index, (image, _) in enumerate(judge):
        np.testing.assert_array_equal(train.images[index], np.asarray(image))


def test_ids_are_the_hashes_of_the_files(root: Path) -> None:
    train = load_data(f"folder:{root}").splits["train"]
    files = sorted((root / "train").rglob("*.jpg"), key=lambda path: (path.parent.name, path.name))
    assert list(train.ids) == [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def test_a_file_that_is_there_twice_has_two_ids_that_no_name_changes(root: Path) -> None:
    original = root / "train" / "shark" / "0002_0000.jpg"
    digest = hashlib.sha256(original.read_bytes()).hexdigest()
    for copy in ("goldfish/zzz.jpg", "tench/aaa.jpg", "tench/bbb.jpg"):
        (root / "train" / copy).write_bytes(original.read_bytes())
    train = load_data(f"folder:{root}").splits["train"]
    assert len(set(train.ids)) == len(train.ids)
    found = {image_id: label for image_id, label in zip(train.ids, train.labels, strict=True) if digest in image_id}
    assert found == {digest: 0, f"{digest}#2": 1, f"{digest}#3": 2, f"{digest}#4": 2}


def test_hashes_are_kept_while_sizes_and_times_are_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_data(f"folder:{root}").sha256
    path = root / "val" / "shark" / "0002_0050.jpg"
    stat, changed = path.stat(), path.read_bytes()[:-1] + b"\0"
    read: list[int] = []
    original = ImageFiles.read

    def spy(images: ImageFiles, index: int) -> bytes:
        read.append(index)
        return original(images, index)

    monkeypatch.setattr(ImageFiles, "read", spy)
    assert load_data(f"folder:{root}").sha256 == first
    assert not read, "nothing was read a second time"
    path.write_bytes(changed)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert load_data(f"folder:{root}").sha256 == first, "a change that hides itself is for every_byte_read"
    with every_byte_read():
        second = load_data(f"folder:{root}").sha256
    assert second != first
    assert load_data(f"folder:{root}").sha256 == second
    path.write_bytes(changed + b"\0")
    assert load_data(f"folder:{root}").sha256 not in (first, second)


def test_the_only_held_out_folder_is_the_test_split(root: Path) -> None:
    data = load_data(f"folder:{root}")
    assert {name: split.histogram(3) for name, split in data.splits.items()} == {"train": (3, 2, 4), "test": (2, 1, 1)}
    assert data.class_names == ("goldfish", "shark", "tench")


def test_three_folders_are_three_splits(root: Path) -> None:
    write_folders(root / "test", samples([1, 1, 1], start=90), NAMES)
    assert set(load_data(f"folder:{root}").splits) == {"train", "validation", "test"}


def test_numbered_classes_are_sorted_by_number(tmp_path: Path) -> None:
    # ImageFolder sorts "10" before "2": twelve labels of a thousand are right in ImageNet-V2.
    write_folders(tmp_path / "train", samples([1] * 12), [str(label) for label in range(12)])
    write_folders(tmp_path / "test", samples([1] * 12, start=9), [str(label) for label in range(12)])
    data = load_data(f"folder:{tmp_path}")
    assert data.class_names == tuple(str(label) for label in range(12))
    assert data.splits["test"].labels.tolist() == list(range(12))


def test_a_folder_without_splits_is_split_within_each_class_by_content(tmp_path: Path) -> None:
    write_folders(tmp_path / "one", samples([10, 20]), NAMES)
    data = load_data(f"folder:{tmp_path / 'one'}")
    assert {name: split.histogram(2) for name, split in data.splits.items()} == {
        "train": (14, 7),
        "validation": (2, 1),
        "test": (4, 2),
    }
    renamed = [(path, path.with_name(f"x{99 - i}.jpg")) for i, path in enumerate((tmp_path / "one").rglob("*.jpg"))]
    for old, new in renamed:
        old.rename(new)
    again = load_data(f"folder:{tmp_path / 'one'}")
    for name, split in data.splits.items():
        assert list(again.splits[name].ids) == list(split.ids)
        image_id = hashlib.sha256(Path(new).read_bytes()).hexdigest()
    assert sum(image_id in split.ids for split in again.splits.values()) == 1
    assert again.sha256 == data.sha256


def test_the_hash_of_the_data_sees_a_byte_and_a_label(root: Path) -> None:
    first = load_data(f"folder:{root}").sha256
    moved = root / "train" / "tench" / "0000_0000.jpg"
    moved.rename(root / "train" / "shark" / "0000_0000.jpg")
    second = load_data(f"folder:{root}").sha256
    with (root / "val" / "tench" / "0000_0050.jpg").open("ab") as file:
        file.write(b"\0")
    assert len({first, second, load_data(f"folder:{root}").sha256}) == 3


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "1"])
def test_every_mode_of_image_becomes_rgb_as_pillow_converts_it(root: Path, mode: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)).convert(mode)
    path = root / "train" / "shark" / f"odd.{'jpg' if mode == 'CMYK' else 'png'}"
    image.save(path)
    train = load_data(f"folder:{root}").splits["train"]
    with Image.open(path) as judge:
        expected = np.asarray(judge.convert("RGB"))
    np.testing.assert_array_equal(train.images[list(train.labels).index(2) - 1], expected)


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_a_corrupt_image_is_named(root: Path, damage: str) -> None:
    path = root / "train" / "goldfish" / "0001_0000.jpg"
    path.write_bytes({"cut": path.read_bytes()[:300], "text": b"<html>not found</html>", "empty": b""}[damage])
    train = load_data(f"folder:{root}").splits["train"]
    with pytest.raises(CorruptImageError, match="goldfish/0001_0000.jpg is no image that can be read"):
        train.images[0]


def test_a_file_that_vanishes_is_named(root: Path) -> None:
    train = load_data(f"folder:{root}").splits["train"]
    (root / "train" / "goldfish" / "0001_0000.jpg").unlink()
    with pytest.raises(CorruptImageError, match=r"0001_0000.jpg cannot be read: No such file"):
        list(train.ids)


def test_an_image_that_is_too_large_to_be_one_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(CorruptImageError, match="could be decompression bomb"):
        load_data(f"folder:{root}").splits["train"].images[0]


def test_hidden_files_and_other_files_are_no_images(root: Path) -> None:
    (root / "train" / "shark" / ".hidden.jpg").write_bytes(b"")
    (root / "train" / "shark" / "notes.txt").write_text("notes")
    (root / "train" / ".cache").mkdir()
    assert load_data(f"folder:{root}").splits["train"].histogram(3) == (3, 2, 4)


def test_images_may_lie_deeper(root: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 3)).save(buffer, "PNG")
    (root / "train" / "shark" / "2024" / "may").mkdir(parents=True)
    (root / "train" / "shark" / "2024" / "may" / "a.PNG").write_bytes(buffer.getvalue())
    assert load_data(f"folder:{root}").splits["train"].histogram(3) == (3, 3, 4)


def test_what_is_not_there_or_not_laid_out_is_one_clear_error(root: Path) -> None:
    with pytest.raises(UsageError, match="Write folder:PATH"):
        load_data("folder:")
    with pytest.raises(DataMissingError, match="There is no folder"):
        load_data(f"folder:{root / 'nowhere'}")
    with pytest.raises(DataMismatchError, match="one folder of images for each class"):
        load_data(f"folder:{root / 'train' / 'shark'}")
    write_folders(root / "val", samples([1], start=7), ["whale"])
    with pytest.raises(DataMismatchError, match=r"no classes of the training images: \['whale'\]"):
        load_data(f"folder:{root}")


def test_an_empty_class_is_refused(root: Path) -> None:
    (root / "train" / "eel").mkdir()
    with pytest.raises(DataMismatchError, match="eel holds no images"):
        load_data(f"folder:{root}")


def test_a_train_folder_alone_is_refused(tmp_path: Path) -> None:
    write_folders(tmp_path / "train", samples([1, 1, 1]), NAMES)
    with pytest.raises(DataMismatchError, match="one that is held out"):
        load_data(f"folder:{tmp_path}")
