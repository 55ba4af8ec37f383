"""A small network with half of its weights zero, and training that would bring them back."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import torch
from pruning_runs import TinyNetwork, batch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import LBFGS, SGD, Adadelta, Adagrad, Adam, AdamW, NAdam, Optimizer, RAdam, RMSprop

from zoo.prunable import prunable_parameters

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]

OPTIMIZERS: dict[str, MakeOptimizer] = {
    "SGD": partial(SGD, lr=0.05, weight_decay=0.1, momentum=0.9),
    "SGD, nesterov": partial(SGD, lr=0.05, weight_decay=0.1, momentum=0.9, nesterov=True),
    "SGD, foreach": partial(SGD, lr=0.05, momentum=0.9, foreach=True),
    "SGD, fused": partial(SGD, lr=0.05, momentum=0.9, fused=True),
    "Adam": partial(Adam, lr=0.05, weight_decay=0.1),
    "Adam, amsgrad": partial(Adam, lr=0.05, amsgrad=True),
    "AdamW": partial(AdamW, lr=0.05, weight_decay=0.1),
    "AdamW, fused": partial(AdamW, lr=0.05, fused=True),
    "RMSprop": partial(RMSprop, lr=0.05, weight_decay=0.1, momentum=0.9),
    "Adagrad": partial(Adagrad, lr=0.05),
    "Adadelta": partial(Adadelta, lr=0.5),
    "NAdam": partial(NAdam, lr=0.05),
    "RAdam": partial(RAdam, lr=0.05),
    "LBFGS": partial(LBFGS, lr=0.1, max_iter=3),
}


def half_zero(seed: int = 0) -> TinyNetwork:
    """Every second weight of each prunable tensor is zero: 135 of 270."""
    torch.manual_seed(seed)
    model = TinyNetwork()
    with torch.no_grad():
        for weight in prunable_parameters(model).values():
            weight.reshape(-1)[::2] = 0.0
    return model


def zeros_of(model: nn.Module) -> dict[str, Tensor]:
    """Where each prunable weight is zero."""
    return {name: weight.detach() == 0 for name, weight in prunable_parameters(model).items()}


def train(model: nn.Module, optimizer: Optimizer, steps: int = 4, forward: nn.Module | None = None) -> None:
    """Ordinary training; ``forward`` is what is called where that is a wrapper around the model."""
    parameter = next(model.parameters())
    for step in range(steps):
        images, labels = batch(step)
        images = images.to(parameter)

        def closure(images: Tensor = images, labels: Tensor = labels) -> Tensor:
            optimizer.zero_grad()
            loss = cross_entropy((model if forward is None else forward)(images), labels)
            torch.autograd.backward(loss)
            return loss

        if isinstance(optimizer, LBFGS):
            optimizer.step(closure)  # type: ignore[no-untyped-call]
        else:
            closure()
            optimizer.step()


def assert_zero(model: nn.Module, zeros: Mapping[str, Tensor]) -> None:
    """Every one of ``zeros`` is +0.0, and there are some."""
    assert sum(int(mask.sum()) for mask in zeros.values())
    for name, weight in prunable_parameters(model).items():
        held = weight.detach()[zeros[name]]
        assert not bool((held != 0).any()), name
        assert not bool(torch.signbit(held).any()), name
