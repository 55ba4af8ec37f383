"""Training every weight of a sparse network that is not pruned."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from zoo.checkpoint.config import Preprocessing
from zoo.data import Augmentation, ImageReader, Images, preprocess
from zoo.holding import hold_zeros, release_sparsity
from zoo.train import stream_seed

from .numerics import Numerics

Rate = Callable[[float], float]
"""From the epoch, with fractions, to the learning rate of a step."""


@runtime_checkable
class Optimisation(Protocol):
    """SGD on batches of ``batch_size`` for some epochs; what a protocol's configuration of it says."""

    @property
    def epochs(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def momentum(self) -> float: ...

    @property
    def nesterov(self) -> bool: ...

    @property
    def weight_decay(self) -> float: ...

    def rate(self, first: float) -> Rate:
        """The learning rate in time, from the one that the run is given."""


@dataclass(frozen=True)
class FinetuneConfig:
    """SGD with momentum and weight decay; the learning rate falls from its first value to 0 along half a cosine.

    ``batch_size`` images a step; the last, smaller batch of an epoch is used unless it has a single image, which batch
    normalisation cannot take.
    """

    epochs: int
    batch_size: int
    momentum: float
    weight_decay: float
    nesterov: ClassVar[bool] = False  # no field: the protocols of version 1 are stored without

    def rate(self, first: float) -> Rate:
        """Half a cosine."""
        return lambda epoch: first * (1 + cos(pi * (epoch / self.epochs))) / 2


class TrainingImages:
    """Images that are trained on: any batch of any epoch, in order, as tensors in memory or read when they are due."""

    def __init__(self, images: Float[Tensor, "n c h w"] | ImageReader) -> None:
        self._images = images

    @classmethod
    def of(
        cls, images: Images, preprocessing: Preprocessing, augmentation: Augmentation | None = None, seed: int = 0
    ) -> "TrainingImages":
        """Preprocessed once where they are in memory and never change; photographs would not fit into it."""
        if augmentation is None and isinstance(images, np.ndarray):
            return cls(preprocess(images, preprocessing))
        return cls(ImageReader(images, preprocessing, augmentation=augmentation, seed=stream_seed(seed, "crops")))

    def batches(self, rows: list[Int64[Tensor, " _"]], epoch: int) -> Iterator[Float[Tensor, "b c h w"]]:
        """The images at each of ``rows``."""
        images = self._images
        if isinstance(images, ImageReader):
            return images.batches([batch.numpy() for batch in rows], epoch)
        return (images[batch] for batch in rows)


def finetune(
    model: nn.Module,
    images: TrainingImages,
    labels: Int64[Tensor, " n"],
    config: Optimisation,
    learning_rate: float,
    seed: int,
    pieces: int = 1,
) -> list[float]:
    """Train ``model`` in place, its zeros held, and return the mean cross-entropy (nats) of each epoch.

    ``seed`` orders the images. Each batch is cut into ``pieces`` whose
    gradients add up to the whole batch's; only the batch statistics of normalisation layers differ then.
    """
    generator = torch.Generator().manual_seed(stream_seed(seed, "fine-tuning order"))
    numerics, rate = Numerics.of_environment(), config.rate(learning_rate)
    curve = []
    with numerics.hosting(model) as network:
        optimizer = _optimizer(model, config, learning_rate)
        hold_zeros(model)
        model.train()
        for epoch in range(config.epochs):
            rows = list(_batches(len(labels), config.batch_size, generator))
            losses = []
            for step, (batch, x) in enumerate(zip(rows, images.batches(rows, epoch), strict=True)):
                optimizer.param_groups[0]["lr"] = rate(epoch + step / len(rows))
                y = labels[batch].to(numerics.device, non_blocking=True)
                losses.append(_step(network, numerics.placed(x), y, optimizer, pieces, numerics))
            curve.append(_mean(losses, rows))
        release_sparsity(model)
        model.eval()
    return curve


def _optimizer(model: nn.Module, config: Optimisation, learning_rate: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        model.parameters(),
        learning_rate,
        momentum=config.momentum,
        nesterov=config.nesterov,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _step(
    network: nn.Module,
    images: Float[Tensor, "b c h w"],
    labels: Int64[Tensor, " b"],
    optimizer: torch.optim.Optimizer,
    pieces: int,
    numerics: Numerics,
) -> Float[Tensor, ""]:
    optimizer.zero_grad()
    total = torch.zeros((), dtype=torch.float64, device=labels.device)
    # Never a piece of one image: batch normalisation has no variance to estimate there.
    for x, y in zip(
        *(tensor.tensor_split(min(pieces, len(labels) // 2 or 1)) for tensor in (images, labels)), strict=True
    ):
        with numerics.autocast():
            logits = network(x)
        loss = cross_entropy(logits.float(), y) * (len(y) / len(labels))
        torch.autograd.backward(loss)
        total += loss.detach()
    optimizer.step()
    return total


def _mean(losses: list[Float[Tensor, ""]], rows: list[Int64[Tensor, " _"]]) -> float:
    """Over the images of an epoch; the device is waited for once, here."""
    values = torch.stack(losses).tolist()
    return float(sum(value * len(batch) for value, batch in zip(values, rows, strict=True)) / sum(map(len, rows)))


def _batches(n: int, batch_size: int, generator: torch.Generator) -> Iterator[Int64[Tensor, " b"]]:
    order = torch.randperm(n, generator=generator)
    for start in range(0, n, batch_size):
        batch = order[start : start + batch_size]
        if len(batch) > 1 or n == 1:
            yield batch
