"""Batches: which images, in which order, and that neither workers nor a resumed run change them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from miniature import picture, samples, write_folders, write_shards

from zoo.checkpoint.config import Preprocessing
from zoo.core.errors import UsageError
from zoo.data import Augmentation, Split, TrainingBatches, image_batches, load_data, preprocess
from zoo.errors import CorruptImageError, DataMismatchError

WANTED = Preprocessing((3, 16, 16), (0.5,) * 3, (0.25,) * 3, "bilinear", 0.875)
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    write_folders(root / "train", samples([9, 8, 6]), NAMES)
    write_folders(root / "val", samples([2, 2, 1], start=50), NAMES)
    write_shards(root / "shards", "x-train", samples([9, 8, 6]), per_shard=5)
    write_shards(root / "shards", "x-val", samples([2, 2, 1], start=50), per_shard=5)
    return root


@pytest.fixture(scope="module")
def split(root: Path) -> Split:
    return load_data(f"folder:{root}").splits["train"]


def _together(batches: TrainingBatches, epoch: int, start: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*batches.epoch(epoch, start), strict=True)
    return torch.stack(images), torch.stack(labels)


@pytest.mark.parametrize("augmentation", [None, Augmentation()])
def test_workers_change_nothing(split: Split, augmentation: Augmentation | None) -> None:
    alone = TrainingBatches(split, WANTED, 4, seed=3, augmentation=augmentation)
    crowd = TrainingBatches(split, WANTED, 4, seed=3, augmentation=augmentation, workers=2)
    for epoch in (0, 1):
        for one, other in zip(_together(alone, epoch), _together(crowd, epoch), strict=True):
            assert torch.equal(one, other)


def test_a_form_of_storage_changes_nothing(root: Path, split: Split) -> None:
    stored = load_data(f"wds:{root / 'shards'}").splits["train"]
    in_memory = Split([split.images[index] for index in range(len(split))], split.labels, tuple(split.ids))
    assert list(stored.ids) == list(split.ids)
    expected = _together(TrainingBatches(split, WANTED, 4, seed=3, augmentation=Augmentation()), 2)
    for other in (stored, in_memory):
        found = _together(TrainingBatches(other, WANTED, 4, seed=3, augmentation=Augmentation(), workers=2), 2)
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[1], expected[1])


@pytest.mark.parametrize("start", range(6))
def test_an_epoch_is_entered_at_any_batch(split: Split, start: int) -> None:
    batches = TrainingBatches(split, WANTED, 4, seed=0, augmentation=Augmentation())
    whole, rest = list(batches.epoch(5)), list(batches.epoch(5, start))
    assert len(batches) == len(whole) == 5
    assert len(rest) == 5 - start
    for one, other in zip(whole[start:], rest, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)


class _Counting:
    """Images that count how often each is decoded."""

    def __init__(self, n: int) -> None:
        self.decoded: Counter[int] = Counter()
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, index: int, /) -> UInt8[np.ndarray, "h w c"]:
        self.decoded[index] += 1
        return np.full((16, 16, 3), index % 256, np.uint8)


def test_what_lies_before_the_start_is_not_decoded() -> None:
    images = _Counting(40)
    batches = TrainingBatches(Split(images, np.zeros(40, np.int64), ("",) * 40), WANTED, 8, seed=0)
    rest = list(batches.epoch(0, start=4))
    assert len(rest) == 1
    assert sum(images.decoded.values()) == 8


@pytest.mark.parametrize("workers", [0, 2])
def test_reading_draws_nothing_from_the_generator_of_a_training(split: Split, workers: int) -> None:
    # Otherwise a run that enters an epoch in the middle would drop out other neurons than the one that was not stopped.
    before = torch.get_rng_state()
    list(TrainingBatches(split, WANTED, 4, seed=0, augmentation=Augmentation(), workers=workers).epoch(0))
    assert torch.equal(torch.get_rng_state(), before)


def test_one_batch_is_in_memory_at_a_time() -> None:
    images = _Counting(1000)
    stream = TrainingBatches(Split(images, np.zeros(1000, np.int64), ("",) * 1000), WANTED, 8, seed=0).epoch(0)
    next(stream)
    assert sum(images.decoded.values()) == 8


def test_an_epoch_shows_every_image_once_in_an_order_of_its_own(split: Split) -> None:
    numbered = Split(split.images, np.arange(len(split)), split.ids)
    batches = TrainingBatches(numbered, WANTED, 4, seed=0)
    first, second = (_together(batches, epoch)[1].reshape(-1).tolist() for epoch in (0, 1))
    assert len(set(first)) == len(set(second)) == 20
    assert first != second
    assert first != _together(TrainingBatches(numbered, WANTED, 4, seed=1), 0)[1].reshape(-1).tolist()
    assert set(first) | set(second) > set(first)


def test_processes_that_train_together_share_each_batch(split: Split) -> None:
    whole = _together(TrainingBatches(split, WANTED, 6, seed=1, augmentation=Augmentation()), 0)
    parts = [
        _together(TrainingBatches(split, WANTED, 6, seed=1, augmentation=Augmentation(), rank=rank, world_size=3), 0)
        for rank in range(3)
    ]
    assert torch.equal(torch.cat([images for images, _ in parts], dim=1), whole[0])
    assert torch.equal(torch.cat([labels for _, labels in parts], dim=1), whole[1])


def test_calibration_is_every_image_as_for_evaluation_in_one_shuffled_order(split: Split) -> None:
    numbered = Split(split.images, np.arange(len(split)), split.ids)
    batches = TrainingBatches(numbered, WANTED, 5, seed=0, augmentation=Augmentation(), workers=2)
    found = list(batches.for_calibration())
    assert [len(batch.labels) for batch in found] == [5, 5, 5, 5, 3]
    order = torch.cat([batch.labels for batch in found])
    assert sorted(order.tolist()) == list(range(23))
    assert torch.equal(torch.cat([batch.images for batch in found]), preprocess(split.images, WANTED)[order])
    again = TrainingBatches(numbered, WANTED, 8, seed=0, rank=1, world_size=2).for_calibration()
    assert torch.cat([batch.labels for batch in again]).tolist() == order.tolist(), "every process sees the same"


def test_the_first_images_for_calibration_are_of_many_classes(split: Split) -> None:
    """A folder holds class after class: 4 images of each of 5 classes and 3 of a last one."""
    by_class = Split(split.images, np.arange(len(split)) // 4, split.ids)
    first = next(iter(TrainingBatches(by_class, WANTED, 8, seed=0).for_calibration()))
    assert len(set(first.labels.tolist())) >= 4


def test_evaluation_is_in_the_order_of_the_split(split: Split) -> None:
    expected = preprocess(split.images, WANTED)
    for workers in (None, 0, 2):
        found = list(image_batches(split.images, WANTED, 10, workers=workers))
        assert [len(batch) for batch in found] == [10, 10, 3]
        assert torch.equal(torch.cat(found), expected)


def test_digits_in_memory_are_batches_too() -> None:
    train = load_data("digits:0-4").splits["train"]
    wanted = Preprocessing((1, 8, 8), (0.5,), (0.25,), "nearest", 1.0)
    images = preprocess(train.images, wanted)
    for batch in TrainingBatches(train, wanted, 64, seed=0).epoch(0):
        for image, label in zip(batch.images, batch.labels, strict=True):
            index = int((images == image).flatten(1).all(dim=1).nonzero()[0])
            assert train.labels[index] == label


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corrupt_image_ends_the_epoch_with_its_name(tmp_path: Path, workers: int) -> None:
    write_folders(tmp_path / "train", samples([3, 3]), NAMES)
    write_folders(tmp_path / "val", samples([1, 1], start=9), NAMES)
    bad = tmp_path / "train" / "b" / "0001_0001.jpg"
    bad.write_bytes(picture(0, 0)[:200])
    batches = TrainingBatches(load_data(f"folder:{tmp_path}").splits["train"], WANTED, 2, seed=0, workers=workers)
    with pytest.raises(CorruptImageError, match=r"b/0001_0001.jpg is no image") as caught:
        list(batches.epoch(0))
    assert "Get the file again" in (caught.value.hint or "")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_network_of_other_channels_is_one_clear_error(split: Split, workers: int) -> None:
    grey = Preprocessing((1, 16, 16), (0.5,), (0.5,), "bilinear", 1.0)
    with pytest.raises(DataMismatchError, match="takes images of 1 channels, these have 3"):
        list(image_batches(split.images, grey, 4, workers=workers))


def test_a_small_split_is_one_batch_and_an_empty_one_none(split: Split) -> None:
    assert len(TrainingBatches(split, WANTED, 64, seed=0)) == 1
    for batch_size, world_size in ((4, 3), (0, 1)):
        with pytest.raises(UsageError, match="cannot be shared among"):
            TrainingBatches(split, WANTED, batch_size, seed=0, world_size=world_size)
    with pytest.raises(UsageError, match="0 images in batches of 4"):
        TrainingBatches(split.select([]), WANTED, 4, seed=0)


def test_a_selection_reads_nothing_until_it_is_asked(split: Split) -> None:
    images = _Counting(10)
    part = Split(images, np.arange(10) % 3, tuple("abcdefghij")).select([7, 2])
    assert (part.labels.tolist(), list(part.ids)) == ([1, 2], ["h", "c"])
    assert not images.decoded
    assert part.images[1][0, 0, 0] == 2
