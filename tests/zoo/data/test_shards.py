"""WebDataset shards: the library writes them and is the judge of what is in them."""

import gc
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import webdataset
from jaxtyping import Int64
from miniature import samples, write_folders, write_shards

from zoo.core.errors import UsageError
from zoo.data import load_data, shards
from zoo.errors import CorruptImageError, DataMismatchError, DataMissingError

NAMES = ("a", "b", "c")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shards(tmp_path, "imagenet1k-train", samples([4, 3, 2]), per_shard=4)
    write_shards(tmp_path, "imagenet1k-validation", samples([1, 2, 1], start=50, extension="png"), per_shard=9)
    return tmp_path


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library leaves its files open
def test_samples_are_those_that_the_library_reads(root: Path) -> None:
    train = load_data(f"wds:{root}").splits["train"]
    urls = sorted(str(path) for path in root.glob("*train*"))
    judge = list(webdataset.WebDataset(urls, shardshuffle=False).decode("rgb8").to_tuple("jpg", "cls"))
    gc.collect()
    assert len(judge) == len(train) == 9
    for index, (image, label) in enumerate(judge):
        np.testing.assert_array_equal(train.images[index], image)
        assert train.labels[index] == label


def test_a_folder_and_shards_of_the_same_files_have_one_hash(root: Path) -> None:
    write_folders(root / "f" / "train", samples([4, 3, 2]), NAMES)
    write_folders(root / "f" / "val", samples([1, 2, 1], start=50, extension="png"), NAMES)
    assert load_data(f"wds:{root}").sha256 == load_data(f"folder:{root / 'f'}").sha256


def test_shards_in_folders_of_their_split(tmp_path: Path) -> None:
    write_shards(tmp_path / "train", "000", samples([2, 2]), per_shard=2)
    write_shards(tmp_path / "val", "000", samples([1, 1], start=5), per_shard=2)
    data = load_data(f"wds:{tmp_path}")
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 4, "test": 2}
    assert data.class_names == ("0", "1")


def test_class_names_come_from_a_file(root: Path) -> None:
    (root / "classnames.txt").write_text("tench\ngoldfish\nshark\n")
    assert load_data(f"wds:{root}").class_names == ("tench", "goldfish", "shark")
    (root / "classnames.txt").write_text("tench\n")
    with pytest.raises(DataMismatchError, match="labels of train go from 0 to 2, but there are 1 classes"):
        load_data(f"wds:{root}")


def test_shards_are_indexed_once_and_again_when_they_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_data(f"wds:{root}")
    read: list[str] = []
    original = shards._read_index

    def spy(path: Path) -> Int64[np.ndarray, "n 3"]:
        read.append(path.name)
        return original(path)

    monkeypatch.setattr(shards, "_read_index", spy)
    assert load_data(f"wds:{root}").sha256 == first.sha256
    assert read == []
    write_shards(root, "imagenet1k-validation", samples([2, 2, 1], start=60), per_shard=9)
    assert load_data(f"wds:{root}").splits["test"].histogram(3) == (2, 2, 1)
    assert read == ["imagenet1k-validation-0000.tar"]


def test_a_shard_that_was_cut_is_named(root: Path) -> None:
    path = root / "imagenet1k-train-0001.tar"
    train = load_data(f"wds:{root}").splits["train"]
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(CorruptImageError, match=r"train-0001.tar, byte \d+: the shard ends before the image"):
        train.images[7]


def _tar(path: Path, **members: bytes) -> None:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_a_sample_without_its_label_is_named(root: Path) -> None:
    _tar(root / "more-train-0.tar", one__jpg=b"x", two__cls=b"1")
    with pytest.raises(DataMismatchError, match="one, two have only one of image and label"):
        load_data(f"wds:{root}")


@pytest.mark.parametrize("content", [b"this is no tar" * 99, b""])
def test_a_file_that_is_no_tar_is_named(root: Path, content: bytes) -> None:
    (root / "more-train-0.tar").write_bytes(content)
    with pytest.raises(CorruptImageError, match="more-train-0.tar is no tar file of images"):
        load_data(f"wds:{root}")


def test_a_label_that_is_no_number_is_refused(root: Path) -> None:
    _tar(root / "more-train-0.tar", one__jpg=b"x", one__cls=b"cat")
    with pytest.raises(CorruptImageError, match="more-train-0.tar is no tar file of images"):
        load_data(f"wds:{root}")


def test_what_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Write wds:FOLDER"):
        load_data("wds:")
    with pytest.raises(DataMissingError, match="holds no shards"):
        load_data(f"wds:{tmp_path}")
