"""IVON: weights are learned as Gaussians, and those leave whose mean is small beside its deviation."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Any, cast

from torch import Tensor
from torch.optim import Optimizer

from ..core.errors import UsageError
from ..posterior import Posterior, signal_to_noise, training_samples
from ..posterior.ivon import IVON
from ..posterior.ranking import RankingConfig, prune_lowest
from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class IVONConfig(RankingConfig):
    """The optimizer's settings; the defaults are those of the authors' ResNet-50 on ImageNet.

    ``hessian``: h₀. The first deviation is 1 / √(λ (h₀ + δ)): 0.004 with the defaults; on smaller data larger values
    keep it small (0.5 for their CIFAR-10). ``beta2``: how slowly curvature is learned; 1 / (1 - β₂) steps should be no
    more than the run has. ``samples``: λ, None for the size of the training set. ``weight_decay``: δ, None for that of
    the training. ``clip_radius``: as in :class:`~zoo.posterior.ivon.IVON`, None for no limit.
    """

    hessian: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.999995
    samples: int | None = None
    weight_decay: float | None = None
    clip_radius: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples is not None and self.samples < 1:
            raise UsageError(f"samples must be at least 1, got {self.samples}.")


@METHODS.register("ivon")
class VariationalOnlineNewton(Method):
    """Shen et al. 2024, ranked by |m| √(λ (h + δ)). Biases and norms are trained by the same rule, as points.

    All processes see one draw a step, so that its curvature is that of the averaged gradient.
    """

    facts = MethodFacts(
        title="IVON",
        family="bayesian",
        paper="Variational Learning is Effective for Large Deep Networks (arXiv 2402.17641); "
        "pruned by |μ|/σ as in Weight Uncertainty in Neural Networks (arXiv 1505.05424)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        patterns=EVERY_PATTERN,
    )
    config_type = IVONConfig
    short_runs = MappingProxyType({"quick": {"beta2": 0.9, "hessian": 0.5}})

    def optimizer(self, pruner: Pruner, make: Callable[[], Optimizer]) -> Optimizer:
        """IVON with the rate and the groups of the ordinary optimizer."""
        config: IVONConfig = self.config
        ordinary, prunable = make(), {id(weight) for weight in pruner.prunable.values()}
        groups: list[dict[str, Any]] = []
        for group in ordinary.param_groups:
            decay = group["weight_decay"] if config.weight_decay is None else config.weight_decay
            for gaussian in (True, False):
                members = [each for each in group["params"] if (id(each) in prunable) is gaussian]
                if members:
                    groups.append({"params": members, "lr": group["lr"], "weight_decay": decay, "gaussian": gaussian})
        return IVON(
            groups,
            ordinary.param_groups[0]["lr"],
            samples=float(training_samples(pruner, config.samples)),
            weight_decay=0.0,
            hessian=config.hessian,
            betas=(config.beta1, config.beta2),
            clip_radius=inf if config.clip_radius is None else config.clip_radius,
        )

    def before_forward(self, pruner: Pruner) -> None:
        """Draw weights; pruned ones stay zero."""
        kept = {weight: pruner.masks[name] for name, weight in pruner.prunable.items()}
        _of(pruner).draw(pruner.draw(), kept)

    def after_backward(self, pruner: Pruner) -> bool:
        """Put the means back; the gradients are those at the draw."""
        _of(pruner).restore()
        return False

    def after_step(self, pruner: Pruner) -> None:
        """Remove the weights that are most likely to be zero."""
        _of(pruner).restore()  # gradients that overflowed came by no other way
        prune_lowest(pruner, self.config, lambda: _ratios(pruner))

    def posterior(self, pruner: Pruner) -> Posterior:
        """σ = 1 / √(λ (h + δ)) at the last step."""
        return Posterior("ivon", training_samples(pruner, self.config.samples), _deviations(pruner))


def _of(pruner: Pruner) -> IVON:
    if pruner.optimizer is None:
        raise UsageError(
            "IVON learns its deviations while it trains, and calibration images train nothing.",
            "Give training data: --data DATA",
        )
    return cast("IVON", pruner.optimizer)


def _deviations(pruner: Pruner) -> dict[str, Tensor]:
    found = _of(pruner).deviations()
    return {name: found[weight] for name, weight in pruner.prunable.items()}


def _ratios(pruner: Pruner) -> dict[str, Tensor]:
    deviations = _deviations(pruner)
    return {name: signal_to_noise(weight.detach(), deviations[name]) for name, weight in pruner.prunable.items()}
