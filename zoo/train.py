"""One training loop for every method: a dense network, a network that is pruned on the way, a sparse one."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, inf, isfinite, pi

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

from .checkpoint.config import Preprocessing
from .core.errors import UsageError
from .data import Split, preprocess
from .errors import TrainingDivergedError
from .flops import forward_flops, positions
from .methods import Method
from .pruner import Pruner

SCHEDULES = ("cosine", "constant")


@dataclass(frozen=True)
class TrainConfig:
    """Stochastic gradient descent with Nesterov momentum; weight decay on every parameter.

    ``schedule``: "cosine" lowers the learning rate to zero over the run, "constant" leaves it.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    schedule: str = "cosine"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or not 0 < self.learning_rate < inf:
            raise UsageError(
                f"Epochs, batch size and learning rate must be positive, got {self.epochs}, {self.batch_size} and "
                f"{self.learning_rate}."
            )
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"A seed is a whole number from 0 to 2^63 - 1, got {self.seed}.", "For example 0.")
        if self.schedule not in SCHEDULES:
            raise UsageError(f"The learning-rate schedule must be one of {SCHEDULES}, got {self.schedule!r}.")

    def rate(self, step: int, total_steps: int) -> float:
        """The learning rate at a step."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + cos(pi * step / total_steps))


@dataclass(frozen=True)
class Epoch:
    """Means over one epoch's steps, and the sparsity (prunable) at its end."""

    loss: float
    sparsity: float


@dataclass(frozen=True)
class TrainResult:
    """What a run cost: ``flops`` of all steps, multiply and add apart, a backward pass counted as two forward ones."""

    history: tuple[Epoch, ...]
    steps: int
    flops: int


@dataclass(frozen=True)
class Score:
    """On one split: ``top1`` is a fraction, ``nll`` the mean negative log-likelihood in nats."""

    top1: float
    nll: float


def train(
    model: nn.Module,
    split: Split,
    config: TrainConfig,
    *,
    preprocessing: Preprocessing,
    method: Method,
    target: float,
) -> TrainResult:
    """Train ``model`` in place while ``method`` prunes it to ``target`` (fraction of the prunable weights).

    Deterministic for a seed, a device and a package set: one thread, one stream of random numbers per purpose. Raises
    :class:`TrainingDivergedError` when the loss is no longer finite.
    """
    images, labels = preprocess(split.images, preprocessing), torch.tensor(split.labels)
    batches = Batches(images, labels, config.batch_size, stream_seed(config.seed, "order"))
    epochs = method.epochs(target, config.epochs)
    pruner = Pruner(
        model,
        method,
        target=target,
        total_steps=epochs * len(batches),
        seed=stream_seed(config.seed, "pruner"),
        calibration=batches.in_order,
    )
    with one_thread():
        cost = Cost(pruner, positions(model, preprocessing.input_size), config.batch_size)
        optimizer = pruner.begin(lambda: _sgd(model, config))
        history = []
        for _ in range(epochs):
            model.train()
            losses = [_step(pruner, optimizer, config, cost, x, y) for x, y in batches]
            history.append(Epoch(float(torch.stack(losses).mean()), pruner.sparsity()))
            if not isfinite(history[-1].loss):
                raise TrainingDivergedError(
                    f"The loss is {history[-1].loss} after epoch {len(history)} of {epochs}.",
                    f"Lower the learning rate, now {config.learning_rate}.",
                )
        pruner.finalize()
    return TrainResult(tuple(history), pruner.step, cost.total)


def evaluate(model: nn.Module, split: Split, preprocessing: Preprocessing) -> Score:
    """Accuracy and negative log-likelihood on a split, in evaluation mode; the model's mode is restored."""
    images, labels = preprocess(split.images, preprocessing), torch.tensor(split.labels)
    training = model.training
    with one_thread(), torch.inference_mode():
        logits = torch.cat([model.eval()(chunk) for chunk in torch.split(images, 256)]).double()
    model.train(training)
    return Score(top1=float((logits.argmax(dim=1) == labels).double().mean()), nll=float(cross_entropy(logits, labels)))


class Batches:
    """Shuffled batches, a new order each epoch; the last images of an order are left out when they fill no batch."""

    def __init__(
        self, images: Float[Tensor, "n c h w"], labels: Int64[Tensor, " n"], batch_size: int, seed: int
    ) -> None:
        self._images = images
        self._labels = labels
        self._batch_size = min(batch_size, len(labels))
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self._labels) // self._batch_size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self._labels), generator=self._generator)
        for indices in torch.split(order[: len(self) * self._batch_size], self._batch_size):
            yield self._images[indices], self._labels[indices]

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, unshuffled."""
        yield from zip(
            torch.split(self._images, self._batch_size), torch.split(self._labels, self._batch_size), strict=True
        )


class Cost:
    """Adds up the FLOPs of training steps from the masks that were in force."""

    def __init__(self, pruner: Pruner, used: dict[str, int], batch_size: int) -> None:
        self.total = 0
        self._pruner = pruner
        self._used = used
        self._batch_size = batch_size
        self._dense = forward_flops({name: weight.numel() for name, weight in pruner.prunable.items()}, used)
        self._seen: dict[str, Tensor] | None = None
        self._sparse = self._dense

    def add(self, dense_gradient: bool) -> None:
        """One step: forward and two backward products; a mask update looks at the gradient of every weight."""
        if self._pruner.masks is not self._seen:
            self._seen = self._pruner.masks
            self._sparse = forward_flops({name: int(mask.sum()) for name, mask in self._seen.items()}, self._used)
        self.total += self._batch_size * (2 * self._sparse + (self._dense if dense_gradient else self._sparse))


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine: a single thread inside the block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def stream_seed(seed: int, purpose: str) -> int:
    """A seed of its own for each purpose, so that initial weights, order and masks are not one stream thrice."""
    return int.from_bytes(hashlib.sha256(f"{purpose} {seed}".encode()).digest()[:7], "little")


def _sgd(model: nn.Module, config: TrainConfig) -> Optimizer:
    return SGD(
        model.parameters(),
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=config.momentum > 0,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _step(pruner: Pruner, optimizer: Optimizer, config: TrainConfig, cost: Cost, x: Tensor, y: Tensor) -> Tensor:
    rate = config.rate(*pruner.learning_rate_position())
    for group in optimizer.param_groups:
        group["lr"] = rate * group.setdefault("rate_factor", group["lr"] / config.learning_rate)
    loss = cross_entropy(pruner.model(x), y, label_smoothing=config.label_smoothing)
    extra = pruner.extra_loss()
    optimizer.zero_grad()
    torch.autograd.backward(loss if extra is None else loss + extra)
    replaced = pruner.after_backward()
    cost.add(dense_gradient=replaced)
    if not replaced:
        optimizer.step()
    pruner.after_step()
    return loss.detach()
