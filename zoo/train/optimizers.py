"""The ordinary optimizer of a run."""

from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from .config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """SGD, Adam or AdamW over every parameter; biases and normalisation in a group of their own when spared decay."""
    parameters: Any = list(model.parameters())
    if not config.decay_norms:
        spared = [parameter for parameter in parameters if parameter.ndim < 2]
        parameters = [
            {"params": [parameter for parameter in parameters if parameter.ndim >= 2]},
            {"params": spared, "weight_decay": 0.0},
        ]
    if config.optimizer == "sgd":
        return SGD(
            parameters,
            lr=config.learning_rate,
            momentum=config.momentum,
            nesterov=config.nesterov and config.momentum > 0,
            weight_decay=config.weight_decay,
            fused=True,
        )
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(parameters, lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay, fused=True)


def set_rate(optimizer: Optimizer, rate: float, base: float) -> None:
    """Set the learning rate; groups that a method gave another one keep their ratio to ``base``."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.setdefault("rate_factor", group["lr"] / base)
