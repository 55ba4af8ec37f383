"""Training sessions of a second: a tiny network with dropout on random images, and a comparison to the last bit."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from pruning_runs import TinyNetwork
from torch import Tensor, nn

from zoo.methods import METHODS, Method
from zoo.train import Execution, MemoryBatches, Session, TrainConfig, TrainingBatches

IMAGES, BATCH = 40, 8
EPOCH = IMAGES // BATCH


class Forgetful(TinyNetwork):
    """The tiny network with dropout, so that a step draws random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.dropout(x))


def tiny_data(seed: int = 0) -> MemoryBatches:
    generator = torch.Generator().manual_seed(99)
    images = torch.randn(IMAGES, 1, 6, 6, generator=generator)
    return MemoryBatches(images, torch.randint(0, 3, (IMAGES,), generator=generator), BATCH, seed)


def tiny_session(
    config: TrainConfig,
    method: str | Method = "dense",
    target: float = 0.0,
    *,
    start: int = 1,
    data: TrainingBatches | None = None,
    execution: Execution | None = None,
    **options: Any,
) -> Session:
    """A session on a network whose first weights are drawn from ``start``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(start)
        model = Forgetful()
    return Session(
        model,
        tiny_data(config.seed) if data is None else data,
        config,
        input_size=(1, 6, 6),
        method=METHODS[method]() if isinstance(method, str) else method,
        target=target,
        execution=execution,
        **options,
    )


def advance(session: Session, steps: int) -> Session:
    """Make so many steps, none if the run has ended."""
    if steps:
        for done, _ in enumerate(session, 1):
            if done == steps:
                break
    return session


def saved(session: Session) -> bytes:
    """The state as a file holds it."""
    file = io.BytesIO()
    torch.save(session.state_dict(), file)
    return file.getvalue()


def loaded(session: Session, state: bytes) -> Session:
    session.load_state_dict(torch.load(io.BytesIO(state), weights_only=True))
    return session


def differences(left: Any, right: Any, where: str = "state") -> list[str]:
    """Where two states differ in any bit; times are no part of a state."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        same = left.dtype == right.dtype and torch.equal(left, right)
    elif isinstance(left, Mapping) and isinstance(right, Mapping):
        keys = [key for key in {**left, **right} if key not in ("seconds", "images_per_second")]
        return [line for key in keys for line in differences(left.get(key), right.get(key), f"{where}.{key}")]
    elif isinstance(left, Sequence) and isinstance(right, Sequence) and not isinstance(left, str):
        if len(left) != len(right):
            return [where]
        pairs = enumerate(zip(left, right, strict=True))
        return [line for index, (a, b) in pairs for line in differences(a, b, f"{where}.{index}")]
    else:
        same = type(left) is type(right) and bool(left == right)
    return [] if same else [where]
