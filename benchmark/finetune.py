"""Training every weight of a sparse network that is not pruned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from zoo.data import ImageReader
from zoo.holding import hold_zeros, release_sparsity
from zoo.train import stream_seed


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


def finetune(
    model: nn.Module,
    images: Float[Tensor, "n c h w"] | ImageReader,
    labels: Int64[Tensor, " n"],
    config: FinetuneConfig,
    learning_rate: float,
    seed: int,
    pieces: int = 1,
) -> list[float]:
    """Train ``model`` in place, its zeros held, and return the mean cross-entropy (nats) of each epoch.

    ``images`` are in memory, or read batch by batch. ``seed`` orders them. Each batch is cut into ``pieces`` whose
    gradients add up to the whole batch's; only the batch statistics of normalisation layers differ then.
    """
    generator = torch.Generator().manual_seed(stream_seed(seed, "fine-tuning order"))
    optimizer = torch.optim.SGD(
        model.parameters(), learning_rate, momentum=config.momentum, weight_decay=config.weight_decay, fused=True
    )
    hold_zeros(model)
    model.train()
    curve = []
    for epoch in range(config.epochs):
        rows = list(_batches(len(labels), config.batch_size, generator))
        losses = []
        for step, (batch, x) in enumerate(zip(rows, _read(images, rows), strict=True)):
            progress = (epoch + step / len(rows)) / config.epochs
            optimizer.param_groups[0]["lr"] = learning_rate * (1 + cos(pi * progress)) / 2
            losses.append(_step(model, x, labels[batch], optimizer, pieces) * len(batch))
        curve.append(sum(losses) / sum(len(batch) for batch in rows))
    release_sparsity(model)
    model.eval()
    return curve


def _read(
    images: Float[Tensor, "n c h w"] | ImageReader, rows: Sequence[Int64[Tensor, " _"]]
) -> Iterator[Float[Tensor, "b c h w"]]:
    if isinstance(images, ImageReader):
        return images.batches([batch.numpy() for batch in rows])
    return (images[batch] for batch in rows)


def _step(
    model: nn.Module,
    images: Float[Tensor, "b c h w"],
    labels: Int64[Tensor, " b"],
    optimizer: torch.optim.Optimizer,
    pieces: int,
) -> float:
    optimizer.zero_grad()
    total = 0.0
    # Never a piece of one image: batch normalisation has no variance to estimate there.
    for x, y in zip(
        *(tensor.tensor_split(min(pieces, len(labels) // 2 or 1)) for tensor in (images, labels)), strict=True
    ):
        loss = cross_entropy(model(x), y) * (len(y) / len(labels))
        torch.autograd.backward(loss)
        total += loss.item()
    optimizer.step()
    return total


def _batches(n: int, batch_size: int, generator: torch.Generator) -> Iterator[Int64[Tensor, " b"]]:
    order = torch.randperm(n, generator=generator)
    for start in range(0, n, batch_size):
        batch = order[start : start + batch_size]
        if len(batch) > 1 or n == 1:
            yield batch
