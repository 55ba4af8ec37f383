"""The learning rate in time beside torch's own schedulers, and settings that cannot be."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, MultiStepLR, SequentialLR

from zoo.core.errors import UsageError
from zoo.train import Execution, TrainConfig

STEPS = 5  # of an epoch


def rates(config: TrainConfig) -> list[float]:
    total = config.epochs * STEPS
    return [config.rate(step, total) for step in range(total)]


def torchs(schedule: Any, steps: int, rate: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler: LRScheduler = schedule(optimizer)
    seen: list[float] = []
    for _ in range(steps):
        seen.append(float(scheduler.get_last_lr()[0]))
        optimizer.step()
        scheduler.step()
    return seen


def test_cosine_is_torchs() -> None:
    config = TrainConfig(epochs=8, learning_rate=0.4, final_rate=0.01)
    expected = torchs(lambda optimizer: CosineAnnealingLR(optimizer, 40, eta_min=0.01), 40, 0.4)
    assert rates(config) == pytest.approx(expected)
    assert [replace(config, final_rate=0.0).rate(step, 100) for step in (0, 50, 100)] == pytest.approx([0.4, 0.2, 0.0])


def test_steps_are_torchs() -> None:
    config = TrainConfig(epochs=9, learning_rate=0.4, schedule="step", milestones=(3.0, 6.0, 7.4), decay=0.2)
    expected = torchs(lambda optimizer: MultiStepLR(optimizer, [15, 30, 37], 0.2), 45, 0.4)
    assert rates(config) == pytest.approx(expected)


def test_warm_up_then_cosine_is_torchs() -> None:
    config = TrainConfig(epochs=8, learning_rate=0.4, warmup_epochs=2.0)

    def schedule(optimizer: torch.optim.Optimizer) -> LRScheduler:
        rise = LinearLR(optimizer, start_factor=0.1, end_factor=1.0, total_iters=9)
        return SequentialLR(optimizer, [rise, CosineAnnealingLR(optimizer, 30)], [10])

    assert rates(config) == pytest.approx(torchs(schedule, 40, 0.4))


def test_cycles_fall_in_straight_lines_and_start_again() -> None:
    config = TrainConfig(epochs=4, learning_rate=0.5, schedule="cyclic", cycle_epochs=2.0, final_rate=0.1)
    line = [0.5 - 0.04 * step for step in range(10)]
    assert rates(config) == pytest.approx(line + line)


def test_warm_up_goes_before_every_schedule() -> None:
    step = TrainConfig(epochs=4, learning_rate=1.0, warmup_epochs=1.0, schedule="step", milestones=(2.0,))
    assert rates(step) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, *[1.0] * 5, *[0.1] * 10])
    assert rates(TrainConfig(epochs=2, learning_rate=1.0, schedule="constant")) == [1.0] * 10


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": -1}, "epochs is at least 0, not -1"),
        ({"batch_size": 0}, "at least one image"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"learning_rate": float("nan")}, "above 0"),
        ({"learning_rate": float("inf")}, "finite and above 0"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"schedule": "stairs"}, "schedule must be one of cosine, constant, step, cyclic, got 'stairs'"),
        ({"optimizer": "lion"}, "optimizer must be one of sgd, adam, adamw"),
        ({"precision": "fp8"}, "precision must be one of fp32, bf16, fp16"),
        ({"momentum": 1.0}, "momentum must be from 0 to below 1, got 1.0"),
        ({"betas": (0.9, 1.0)}, "betas must be from 0 to below 1"),
        ({"weight_decay": -1e-4}, "weight_decay must be at least 0"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"final_rate": -1.0}, "final_rate"),
        ({"clip_norm": 0.0}, "clip_norm must be above 0"),
        ({"distillation": 1.5}, "distillation must be from 0 to 1"),
        ({"temperature": 0.0}, "temperature"),
        ({"norm_batches": -1}, "norm_batches"),
        ({"warmup_epochs": 1.0}, "warmup_epochs must be from 0 to below the 1 epochs"),
        ({"milestones": (1.0,)}, "Milestones go with the schedule 'step'"),
        ({"schedule": "step"}, "Milestones go with the schedule 'step'"),
        ({"schedule": "step", "milestones": (2.0, 1.0)}, "in rising order"),
        ({"schedule": "cyclic"}, "cycle_epochs above 0 go with the schedule 'cyclic'"),
        ({"cycle_epochs": 2.0}, "cycle_epochs above 0 go with the schedule 'cyclic'"),
        ({"decay": 0.0}, "decay must be above 0"),
    ],
)
def test_impossible_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainConfig(**{"epochs": 1, **values})


@pytest.mark.parametrize("values", [{"device": "tpu"}, {"pieces": 0}])
def test_impossible_machines_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Execution(**values)
