"""Batches of a split, as training and evaluation read them: in memory or streamed, the same batches.

Which images make up a batch, and how each of them is cropped, follow from (seed, epoch, image) alone. So the number of
worker processes changes the time and nothing else, and an epoch is entered at any batch without reading those before.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..checkpoint.config import Preprocessing
from ..core.errors import PrunariumError, UsageError
from ._augmentation import Augmentation, augment, draws, shuffled
from ._images import Images, Split
from ._preprocess import preprocess

WORTH_PROCESSES = 512
MOST_WORKERS = 16

_CALIBRATION = 2**32  # the number of an epoch that no run has


class Batch(NamedTuple):
    """Preprocessed images and their labels."""

    images: Float32[Tensor, "n c h w"]
    labels: Int64[Tensor, " n"]


class TrainingBatches:
    """Shuffled batches of a split, one epoch at a time.

    ``len()`` is the number of batches of an epoch: the images that fill no batch at its end are left out, others each
    epoch; a split smaller than ``batch_size`` is one batch. Without an ``augmentation`` images are preprocessed as for
    evaluation. ``workers`` processes decode ahead (0: this one decodes). Of ``world_size`` processes that train
    together, each reads its own part of every batch, that of its ``rank``. ``batch_size`` counts all of them.

    >>> from zoo.data import load_data
    >>> from zoo.checkpoint.config import Preprocessing
    >>> train = load_data("digits:0-4").splits["train"]
    >>> batches = TrainingBatches(train, Preprocessing((1, 8, 8), (0.5,), (0.5,), "nearest", 1.0), 64, seed=0)
    >>> len(batches), [batch.images.shape[0] for batch in batches.epoch(3, start=5)]
    (7, [64, 64])
    """

    def __init__(
        self,
        split: Split,
        preprocessing: Preprocessing,
        batch_size: int,
        *,
        seed: int,
        augmentation: Augmentation | None = None,
        workers: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        size = min(batch_size, len(split))
        if size < 1 or not 0 <= rank < world_size or size % world_size:
            raise UsageError(
                f"{len(split)} images in batches of {batch_size} cannot be shared among {world_size} processes.",
                "Choose a batch size that is a positive multiple of the number of processes.",
            )
        self.batch_size = size
        self._length = len(split) // size
        self._seed = seed
        self._workers = workers
        self._part = slice(rank * size // world_size, (rank + 1) * size // world_size)
        self._split = split
        self._plain = _Feed(split, preprocessing)
        self._feed = self._plain if augmentation is None else _Feed(split, preprocessing, augmentation, seed)

    def __len__(self) -> int:
        return self._length

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch ``number`` (from 0) from batch ``start`` on; earlier ones are not read.

        Raises :class:`~zoo.errors.CorruptImageError` that names the file, :class:`~zoo.errors.DataMismatchError`.
        """
        order = shuffled(len(self._split), self._seed, number)[: len(self) * self.batch_size]
        rows = order.reshape(len(self), self.batch_size)[start:, self._part]
        return _batches(self._feed, number, list(rows), self._workers)

    def for_calibration(self) -> Iterator[Batch]:
        """Every image once, unaugmented as for evaluation, in one order that stays; the last batch is smaller.

        The order is shuffled: folders and shards hold class after class, and methods look at the first images alone.
        """
        order = shuffled(len(self._split), self._seed, _CALIBRATION)
        rows = [order[place] for place in _in_order(len(order), self.batch_size)]
        return _batches(self._plain, 0, rows, self._workers)


class ImageReader:
    """Any batches of images that are read, and preprocessed as for evaluation, when they are asked for.

    With an ``augmentation`` they are cropped and mirrored instead, as ``seed``, epoch and image decide.
    ``workers`` processes decode ahead; None: as many as this process may use CPUs, if there is enough to decode.
    """

    def __init__(
        self,
        images: Images,
        preprocessing: Preprocessing,
        workers: int | None = None,
        *,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        split = Split(images, np.zeros(len(images), dtype=np.int64), ())
        self._feed = _Feed(split, preprocessing, augmentation, seed)
        self._workers = _workers_for(images) if workers is None else workers

    def batches(self, rows: Sequence[Int64[np.ndarray, " _"]], epoch: int = 0) -> Iterator[Float32[Tensor, "b c h w"]]:
        """The images at each of ``rows``, in order; at most two batches a worker are in memory.

        Raises :class:`~zoo.errors.CorruptImageError` that names the file, :class:`~zoo.errors.DataMismatchError`.
        """
        for batch in _batches(self._feed, epoch, rows, self._workers):
            yield batch.images


def image_batches(
    images: Images, preprocessing: Preprocessing, batch_size: int, *, workers: int | None = None
) -> Iterator[Float32[Tensor, "b c h w"]]:
    """Every image once, in order, preprocessed as the checkpoint's configuration says; see :class:`ImageReader`."""
    return ImageReader(images, preprocessing, workers).batches(_in_order(len(images), batch_size))


def shared_batches(
    images: Images, preprocessings: Sequence[Preprocessing], batch_size: int, *, workers: int | None = None
) -> Iterator[tuple[Float32[Tensor, "b _ _ _"], ...]]:
    """Every image once, in order, decoded once and preprocessed in each of these ways."""
    feed = _SharedFeed(images, tuple(preprocessings))
    return _batches(feed, 0, _in_order(len(images), batch_size), _workers_for(images) if workers is None else workers)


def _workers_for(images: Images) -> int:
    """Starting processes costs more than decoding a few images, and arrays need none."""
    if isinstance(images, np.ndarray) or len(images) < WORTH_PROCESSES:
        return 0
    return min(cpu_count(), MOST_WORKERS)


def cpu_count() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_order(n: int, batch_size: int) -> list[Int64[np.ndarray, " _"]]:
    return [np.arange(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]


class _Order(NamedTuple):
    """What a worker is asked for."""

    epoch: int
    rows: Int64[np.ndarray, " b"]


@dataclass(frozen=True)
class _Feed(Dataset[Any]):
    """From an order to its batch, in whatever process it is asked."""

    split: Split
    preprocessing: Preprocessing
    augmentation: Augmentation | None = None
    seed: int = 0

    def __getitem__(self, order: _Order) -> Batch | PrunariumError:
        labels = torch.from_numpy(self.split.labels[order.rows])
        try:
            return Batch(self._images(order), labels)
        except PrunariumError as error:
            # Raised in a worker, it would come home as a traceback in words.
            return error

    def _images(self, order: _Order) -> Float32[Tensor, "b c h w"]:
        images, preprocessing, augmentation = self.split.images, self.preprocessing, self.augmentation
        if augmentation is not None:
            return torch.stack(
                [
                    augment(images[row], preprocessing, augmentation, draws(self.seed, order.epoch, row))
                    for row in order.rows.tolist()
                ]
            )
        rows = images[order.rows] if isinstance(images, np.ndarray) else [images[row] for row in order.rows.tolist()]
        return preprocess(rows, preprocessing)


@dataclass(frozen=True)
class _SharedFeed(Dataset[Any]):
    """From an order to its batch in several preprocessings."""

    images: Images
    preprocessings: tuple[Preprocessing, ...]

    def __getitem__(self, order: _Order) -> tuple[Tensor, ...] | PrunariumError:
        try:
            images = self.images
            rows = (
                images[order.rows] if isinstance(images, np.ndarray) else [images[row] for row in order.rows.tolist()]
            )
            return tuple(preprocess(rows, preprocessing) for preprocessing in self.preprocessings)
        except PrunariumError as error:
            return error


def _batches(
    feed: "_Feed | _SharedFeed", epoch: int, rows: Sequence[Int64[np.ndarray, " _"]], workers: int
) -> Iterator[Any]:
    loader = DataLoader(
        feed,
        batch_size=None,  # an order is a whole batch
        sampler=[_Order(epoch, each) for each in rows],
        num_workers=min(workers, len(rows)),
        collate_fn=_unchanged,
        generator=torch.Generator(),  # else each pass would draw from the caller's stream of random numbers
        pin_memory=workers > 0 and torch.cuda.is_available(),
    )
    for batch in loader:
        if isinstance(batch, PrunariumError):
            raise batch
        yield batch


def _unchanged(batch: Any) -> Any:
    return batch
