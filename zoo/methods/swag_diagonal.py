"""SWAG-diagonal: the weights on the path of gradient descent are the posterior; those that wander about zero leave."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..posterior import Posterior, signal_to_noise, training_samples
from ..posterior.moments import SMALLEST_VARIANCE, deviation, include
from ..posterior.ranking import RankingConfig, prune_lowest
from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts

_MEAN, _SQUARES, _REACHED, _COUNT = "swag.mean.", "swag.squares.", "swag.reached.", "swag.count"


@dataclass(frozen=True)
class SWAGDiagonalConfig(RankingConfig):
    """When iterates are looked at, and what is left of them.

    ``snapshots``: about how many iterates each change of the masks is decided by; those after the last change make the
    posterior. The authors take one an epoch at a constant rate, from 75 % of the training on, and prune nothing.
    ``shrinkage``: the part of the tensor's mean variance in each variance that ranks. The authors' variances are those
    at 0, and they rank badly: a weight that gradients hardly reach hardly moves, and looks certain. ``allocation``:
    "lamp", because in one ranking whole layers are lost, those that move most. Both were chosen on validation images of
    digits.
    ``average``: end with the mean of those iterates, the posterior's, instead of the last one. It asks for batch norm
    to be measured anew (``norm_batches``), and for a learning rate that stays up.
    """

    allocation: str = "lamp"
    begin: float = 0.1
    updates: int = 4
    snapshots: int = 20
    average: bool = False
    shrinkage: float = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.snapshots < 2 or not 0.0 <= self.shrinkage <= 1.0:
            raise UsageError(
                "SWAG needs at least 2 snapshots for a deviation, and a shrinkage from 0 to 1; got "
                f"{self.snapshots} and {self.shrinkage}."
            )


@METHODS.register("swag-diagonal")
class SWAGDiagonal(Method):
    """Maddox et al. 2019, without the low-rank part: rank by |mean|/deviation of the iterates since the last change.

    A weight that no gradient reaches stands still and would look certain; it leaves before all others.
    """

    facts = MethodFacts(
        title="SWAG-diagonal",
        family="bayesian",
        paper="A Simple Baseline for Bayesian Uncertainty in Deep Learning (arXiv 1902.02476); "
        "pruned by |μ|/σ as in Weight Uncertainty in Neural Networks (arXiv 1505.05424)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        patterns=EVERY_PATTERN,
    )
    config_type = SWAGDiagonalConfig
    short_runs = MappingProxyType({"mean": {"snapshots": 24, "average": True, "shrinkage": 0.0}})

    def prepare(self, pruner: Pruner) -> None:
        """Nothing has been seen."""
        self._forget(pruner)

    def after_backward(self, pruner: Pruner) -> bool:
        """Note which weights the data reach at all."""
        for name, weight in pruner.prunable.items():
            if weight.grad is not None:
                pruner.memory[_REACHED + name] |= weight.grad != 0
        return False

    def after_step(self, pruner: Pruner) -> None:
        """Look at the iterate where it is due; remove weights, and begin to look anew."""
        config: SWAGDiagonalConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        rest = pruner.total_steps - schedule.end
        window = schedule.every if pruner.step <= schedule.end else rest
        if pruner.learned and pruner.step % max(1, window // config.snapshots) == 0:
            count = int(pruner.memory[_COUNT]) + 1
            pruner.memory[_COUNT].fill_(count)
            for name, weight in pruner.prunable.items():
                include(weight.detach(), count, pruner.memory[_MEAN + name], pruner.memory[_SQUARES + name])
        if prune_lowest(pruner, config, lambda: self._ratios(pruner)):
            self._forget(pruner)

    @torch.no_grad()
    def finalize(self, pruner: Pruner) -> None:
        """End with the mean of the iterates since the last change."""
        if self.config.average and int(pruner.memory[_COUNT]) > 0:
            for name, weight in pruner.prunable.items():
                weight.copy_(pruner.memory[_MEAN + name])

    def posterior(self, pruner: Pruner) -> Posterior | None:
        """The deviation of those iterates; None of fewer than two."""
        if int(pruner.memory[_COUNT]) < 2:
            return None
        return Posterior("swag-diagonal", training_samples(pruner), self._deviations(pruner))

    def _deviations(self, pruner: Pruner) -> dict[str, Tensor]:
        count = max(1, int(pruner.memory[_COUNT]))
        return {name: deviation(pruner.memory[_SQUARES + name], count) for name in pruner.prunable}

    def _ratios(self, pruner: Pruner) -> dict[str, Tensor]:
        """Where fewer than two iterates were seen, deviations say nothing, and all are taken for equal: magnitude."""
        if int(pruner.memory[_COUNT]) < 2:
            return {name: weight.detach().abs() for name, weight in pruner.prunable.items()}
        return {
            name: signal_to_noise(pruner.memory[_MEAN + name], shrunk(each, pruner.masks[name], self.config.shrinkage))
            * pruner.memory[_REACHED + name]
            for name, each in self._deviations(pruner).items()
        }

    def _forget(self, pruner: Pruner) -> None:
        pruner.memory[_COUNT] = torch.zeros((), dtype=torch.int64)
        for name, weight in pruner.prunable.items():
            pruner.memory[_MEAN + name] = torch.zeros_like(weight)
            pruner.memory[_SQUARES + name] = torch.zeros_like(weight)
            pruner.memory[_REACHED + name] = torch.zeros_like(weight, dtype=torch.bool)


def shrunk(deviation: Tensor, kept: Tensor, share: float) -> Tensor:
    """The deviation whose square is mixed with the mean square over the kept weights of the tensor."""
    mean = deviation[kept].square().mean() if bool(kept.any()) else deviation.new_zeros(())
    return ((1.0 - share) * deviation.square() + share * mean).clamp_min(SMALLEST_VARIANCE).sqrt()
