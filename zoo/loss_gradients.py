"""Gradients of the loss on calibration data, and Hessian products: what pruning before training looks at."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from .errors import CalibrationError
from .second_order.gradients import evaluating

Batch = tuple[Tensor, Tensor]
Gradients = dict[str, Tensor]


def first_batches(batches: Iterator[Batch], samples: int) -> list[Batch]:
    """Batches as they come, the last one cut, until there are ``samples`` samples or no more data.

    Raises :class:`CalibrationError` when there is none.
    """
    taken: list[Batch] = []
    left = samples
    for images, labels in batches:
        taken.append((images[:left], labels[:left]))
        left -= len(taken[-1][1])
        if left <= 0:
            break
    return _some(taken)


def balanced_batches(batches: Iterator[Batch], per_class: int, classes: int) -> list[Batch]:
    """The first ``per_class`` samples of each class, in batches of the size that came, classes mixed.

    A class that the data hold too few of brings what there is. Raises :class:`CalibrationError` when there is none.
    """
    chosen: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(classes)]
    size, missing = 0, per_class * classes
    for images, labels in batches:
        size = max(size, len(labels))
        for image, label in zip(images, labels, strict=True):
            if len(chosen[int(label)]) < per_class:
                chosen[int(label)].append((image, label))
                missing -= 1
        if missing <= 0:
            break
    # One of each class after the other, so that batch statistics are those of mixed batches.
    mixed = [samples[turn] for turn in range(per_class) for samples in chosen if turn < len(samples)]
    cut = [mixed[start : start + size] for start in range(0, len(mixed), max(size, 1))]
    return _some([(torch.stack([x for x, _ in part]), torch.stack([y for _, y in part])) for part in cut])


def _some(batches: list[Batch]) -> list[Batch]:
    if not batches:
        raise CalibrationError("The calibration data are empty: no sample to measure the loss on.")
    return batches


@contextmanager
def measuring(model: nn.Module, batch_statistics: bool) -> Iterator[None]:
    """Evaluation mode inside; with ``batch_statistics`` batch norm uses those of the batch, and forgets them again.

    Batch norms whose weights are all zero count as ones inside. Many ResNets end their branches with such a norm; until
    the first step no gradient reaches the layers before it, and every score of theirs would be zero.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    closed = [norm.weight for norm in norms if norm.affine and not bool(norm.weight.any())]
    kept = {name: buffer.clone() for name, buffer in model.named_buffers()} if batch_statistics else {}
    with evaluating(model):
        for norm in norms if batch_statistics else ():
            norm.train()
        _fill(closed, 1.0)
        try:
            yield
        finally:
            _fill(closed, 0.0)
            for name, buffer in kept.items():
                model.get_buffer(name).copy_(buffer)


@torch.no_grad()
def _fill(weights: list[nn.Parameter], value: float) -> None:
    for weight in weights:
        weight.fill_(value)


def loss_gradients(
    model: nn.Module, weights: Mapping[str, nn.Parameter], batches: Sequence[Batch], temperature: float = 1.0
) -> Gradients:
    """The gradient of the mean cross-entropy over all samples of ``batches``; logits are divided by ``temperature``.

    The model's mode and ``.grad`` are left as they are: call it within :func:`measuring`.
    """
    sums = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    total = sum(len(labels) for _, labels in batches)
    for images, labels in batches:
        loss = _loss(model, images, labels, temperature) * (len(labels) / total)
        gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True, materialize_grads=True)
        for gathered, gradient in zip(sums.values(), gradients, strict=True):
            gathered += gradient
    return sums


def hessian_products(
    model: nn.Module,
    weights: Mapping[str, nn.Parameter],
    batches: Sequence[Batch],
    vector: Mapping[str, Tensor],
    temperature: float = 1.0,
) -> Gradients:
    """``H v``: the Hessian of the mean cross-entropy over all samples times ``vector``, by differentiating twice.

    Blocks between layers are included. Call it within :func:`measuring`.
    """
    sums = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    total = sum(len(labels) for _, labels in batches)
    parameters = list(weights.values())
    for images, labels in batches:
        loss = _loss(model, images, labels, temperature) * (len(labels) / total)
        gradients = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True, materialize_grads=True)
        along = torch.stack(
            [(gradient * vector[name]).sum() for name, gradient in zip(weights, gradients, strict=True)]
        )
        products = torch.autograd.grad(along.sum(), parameters, allow_unused=True, materialize_grads=True)
        for gathered, product in zip(sums.values(), products, strict=True):
            gathered += product
    return sums


def _loss(
    model: nn.Module, images: Float[Tensor, "n ..."], labels: Int64[Tensor, " n"], temperature: float
) -> Float[Tensor, ""]:
    device = next(model.parameters()).device
    return cross_entropy(model(images.to(device)) / temperature, labels.to(device))
