"""Batches of training images: what the loop asks for, and the batches of a set that is in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ..checkpoint.config import Preprocessing
from ..core.errors import UsageError
from ..data import Augmentation, Split, preprocess
from ..data import TrainingBatches as StreamedBatches
from .config import TrainConfig
from .seeds import stream_seed

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Share:
    """The part of each batch that this process trains on: the ``rank``-th of ``of`` equal parts."""

    rank: int = 0
    of: int = 1


WHOLE = Share()


@runtime_checkable
class TrainingBatches(Protocol):
    """Training data in batches of (images "n c h w" float32, labels "n", or probabilities "n k").

    In a run of several processes each has its own, with its share of every batch. Every batch is decided by the epoch
    and its place in it alone, so that a run can go on at any step.
    """

    @property
    def batch_size(self) -> int:
        """Images of a batch, over all processes."""

    def __len__(self) -> int:
        """Batches of an epoch; images that fill no batch are left out."""

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch (from 0) from the ``start``-th on."""

    def for_calibration(self) -> Iterator[Batch]:
        """Every image once, classes mixed, as in evaluation: what methods look at, the same in all processes."""


class MemoryBatches:
    """Batches of images that are in memory; a new order each epoch, drawn from one stream of random numbers.

    Raises :class:`UsageError` where the processes cannot share a batch equally.
    """

    def __init__(
        self,
        images: Float[Tensor, "n c h w"],
        labels: Int64[Tensor, " n"],
        batch_size: int,
        seed: int,
        share: Share = WHOLE,
    ) -> None:
        self.batch_size = min(batch_size, len(labels))
        if self.batch_size % share.of:
            raise UsageError(
                f"{share.of} processes cannot share batches of {self.batch_size} images equally.",
                "Choose a batch size that is a multiple of the number of processes.",
            )
        self._share = share
        self._images = images
        self._labels = labels
        self._seed = stream_seed(seed, "order")
        self._order: tuple[int, torch.Generator, Tensor] | None = None

    def __len__(self) -> int:
        return len(self._labels) // self.batch_size

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from the ``start``-th on."""
        order = self._shuffled(number)[: len(self) * self.batch_size]
        for batch in torch.split(order, self.batch_size)[start:]:
            mine = batch.tensor_split(self._share.of)[self._share.rank]
            yield self._images[mine], self._labels[mine]

    def for_calibration(self) -> Iterator[Batch]:
        """Every image once, as stored: what comes in memory (the digits) is mixed already."""
        yield from zip(
            torch.split(self._images, self.batch_size), torch.split(self._labels, self.batch_size), strict=True
        )

    def _shuffled(self, epoch: int) -> Int64[Tensor, " n"]:
        """The ``epoch``-th permutation of the stream; going on draws the next one, going back starts again."""
        if self._order is None or self._order[0] > epoch:
            self._order = (-1, torch.Generator().manual_seed(self._seed), torch.empty(0, dtype=torch.int64))
        drawn, generator, order = self._order
        for _ in range(epoch - drawn):
            order = torch.randperm(len(self._labels), generator=generator)
        self._order = (epoch, generator, order)
        return order


def training_batches(
    split: Split, preprocessing: Preprocessing, config: TrainConfig, share: Share, workers: int = 0
) -> TrainingBatches:
    """The batches of a split: preprocessed once where it is in memory and not augmented, else read by ``workers``."""
    if isinstance(split.images, np.ndarray) and not config.augment:
        images, labels = preprocess(split.images, preprocessing), torch.tensor(split.labels)
        return MemoryBatches(images, labels, config.batch_size, config.seed, share)
    return StreamedBatches(
        split,
        preprocessing,
        config.batch_size,
        seed=stream_seed(config.seed, "order"),
        augmentation=Augmentation() if config.augment else None,
        workers=workers,
        rank=share.rank,
        world_size=share.of,
    )
