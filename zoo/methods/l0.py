"""L0 regularisation: every weight has a random gate, whose probability to be open is learned and costs."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from types import MappingProxyType

import torch
from torch import nn
from torch.optim import Optimizer

from ..core.errors import UsageError
from ..posterior import training_samples
from ..posterior.hard_concrete import expected_gate, gate, gate_slope, is_open, open_probability
from ..posterior.optimizer_groups import with_extra_parameters
from ..posterior.ranking import RankingConfig, checked
from ..pruner import Pruner
from . import METHODS, MaskBehaviour, Method, MethodFacts

_LATENT, _GATE, _UNIFORM = "latent.", "gate.", "uniform."
_SPREAD = 0.01
"""Of log α at first, as in the authors' code."""
_SMALLEST = 1e-6
"""Draws are at least so far from 0 and 1."""


@dataclass(frozen=True)
class L0Config(RankingConfig):
    """Gates, what an open one costs, and when it is closed for good.

    ``drop_rate``: P(closed) that log α starts from, log(1 - d) - log d. ``penalty``: λ, the price of an open gate; the
    loss is NLL + λ/N Σ P(open). ``steer``: gates with the smallest log α close along a cubic curve to the target, and
    stay closed; False leaves sparsity to λ, as published. ``gate_rate``: the learning rate of log α, times that of the
    weights. ``samples``: N, None for the size of the training set.
    The authors gate inputs and channels of small networks. With a gate for every weight ResNet-50 on ImageNet is not
    trained (Gale et al. 2019, arXiv 1902.09574: chance level at every sparsity): take it for CIFAR and below.
    """

    drop_rate: float = 0.1
    penalty: float = 0.1
    steer: bool = True
    gate_rate: float = 10.0
    samples: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        right = 0.0 < self.drop_rate < 1.0 and self.penalty >= 0 and self.gate_rate > 0
        if not (right and (self.samples is None or self.samples > 0)):
            raise UsageError(
                "L0 needs drop_rate between 0 and 1, penalty >= 0, gate_rate and samples above 0; got "
                f"{self.drop_rate}, {self.penalty}, {self.gate_rate} and {self.samples}."
            )


@METHODS.register("l0")
class L0(Method):
    """Louizos et al. 2018, a hard concrete gate for every weight; the network shows w times its expected gate."""

    facts = MethodFacts(
        title="L0 regularisation (small networks)",
        family="bayesian",
        paper="Learning Sparse Neural Networks through L0 Regularization (arXiv 1712.01312); fails on ResNet-50: "
        "The State of Sparsity in Deep Neural Networks (arXiv 1902.09574)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        exact_target=False,
    )
    config_type = L0Config
    short_runs = MappingProxyType({"costly": {"penalty": 1.0, "drop_rate": 0.5}})

    def prepare(self, pruner: Pruner) -> None:
        """Keep the weights aside, and give each a gate."""
        config: L0Config = self.config
        pruner.memory["samples"] = torch.tensor(float(training_samples(pruner, config.samples)))
        generator, first = pruner.draw(), log(1.0 - config.drop_rate) - log(config.drop_rate)
        for name, weight in pruner.prunable.items():
            values = weight.detach()
            pruner.memory[_LATENT + name] = values.clone()
            spread = torch.empty_like(values).normal_(first, _SPREAD, generator=generator)
            pruner.memory[_GATE + name] = nn.Parameter(spread)
        self._show(pruner)

    def optimizer(self, pruner: Pruner, make: Callable[[], Optimizer]) -> Optimizer:
        """The ordinary one, which trains log α too."""
        config: L0Config = self.config
        gates = [pruner.memory[_GATE + name] for name in pruner.prunable]
        return with_extra_parameters(make(), pruner.prunable.values(), gates, config.gate_rate, decays=True)

    @torch.no_grad()
    def before_forward(self, pruner: Pruner) -> None:
        """Draw every gate."""
        generator = pruner.draw()
        for name, weight in pruner.prunable.items():
            uniform = torch.empty_like(weight).uniform_(_SMALLEST, 1.0 - _SMALLEST, generator=generator)
            pruner.memory[_UNIFORM + name] = uniform
            drawn = gate(pruner.memory[_GATE + name].detach(), uniform)
            weight.copy_(pruner.memory[_LATENT + name] * drawn).masked_fill_(~pruner.masks[name], 0.0)

    @torch.no_grad()
    def after_backward(self, pruner: Pruner) -> bool:
        """Put the weights in, with the gradients of weights and gates, and the price of open ones."""
        price = self.config.penalty / float(pruner.memory["samples"])
        for name, weight in pruner.prunable.items():
            latent, gates = pruner.memory[_LATENT + name], pruner.memory[_GATE + name]
            log_alpha, uniform = gates.detach(), pruner.memory[_UNIFORM + name]
            seen = torch.zeros_like(weight) if weight.grad is None else weight.grad
            seen = seen.masked_fill(~pruner.masks[name], 0.0)
            chance = open_probability(log_alpha)
            weight.grad = seen * gate(log_alpha, uniform)
            gates.grad = seen * latent * gate_slope(log_alpha, uniform) + price * chance * (1.0 - chance)
            weight.copy_(latent)
        return False

    @torch.no_grad()
    def after_step(self, pruner: Pruner) -> None:
        """Keep what the optimizer made of the weights, close gates, and show the rest."""
        if pruner.learned:
            for name, weight in pruner.prunable.items():
                pruner.memory[_LATENT + name].copy_(weight)
        for name in pruner.prunable:
            pruner.memory.pop(_UNIFORM + name, None)
        config: L0Config = self.config
        if config.schedule(pruner.target, pruner.total_steps).is_update(pruner.step) or _is_last(pruner):
            self._close(pruner)
        self._show(pruner)

    def finalize(self, pruner: Pruner) -> None:
        """The model has the gated weights already; those whose gate is 0 count as pruned, closed or not."""
        pruner.set_masks({name: weight.detach() != 0 for name, weight in pruner.prunable.items()})

    def _close(self, pruner: Pruner) -> None:
        """Steered, as many of the smallest log α as the curve asks for; gates that are 0 in evaluation else."""
        config: L0Config = self.config
        found = checked({name: pruner.memory[_GATE + name].detach() for name in pruner.prunable}, pruner.step)
        if config.steer:
            sparsity = config.schedule(pruner.target, pruner.total_steps).target(pruner.step)
            masks = config.masks(found, sparsity, within=pruner.masks)
        else:
            masks = {name: mask & is_open(found[name]) for name, mask in pruner.masks.items()}
        pruner.set_masks(masks)

    @torch.no_grad()
    def _show(self, pruner: Pruner) -> None:
        for name, weight in pruner.prunable.items():
            shown = pruner.memory[_LATENT + name] * expected_gate(pruner.memory[_GATE + name].detach())
            weight.copy_(shown).masked_fill_(~pruner.masks[name], 0.0)


def _is_last(pruner: Pruner) -> bool:
    return pruner.step == pruner.total_steps - 1
