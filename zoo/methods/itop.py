"""ITOP: long intervals and bold exchanges, so that in the course of training most weights have been tried."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ..core.errors import UsageError
from ..exchanges import ExchangeConfig
from ..masks import keep_random
from ..pruner import Pruner
from ..regrowth import dense_gradient, exchanged, grown_at_random, staying
from ..schedules import CosineDrop
from . import METHODS, MaskBehaviour, Method, MethodFacts

GROWTHS = ("gradient", "random")
_EXPLORED = "explored."


@dataclass(frozen=True)
class ITOPConfig(ExchangeConfig):
    """RigL-ITOP of ResNet-50 on ImageNet: every 4,000 batches of 128 images, half of the weights at first.

    ``growth``: "gradient" is RigL-ITOP, "random" SET-ITOP (whose interval was 1,500). The cosine ends at 0.005, at the
    end of the run (Shiweiliuiiiiiii/In-Time-Over-Parameterization, commit 1b6a89e).
    """

    interval: int = 4000
    drop: float = 0.5
    end: float = 1.0
    growth: str = "gradient"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.growth not in GROWTHS:
            raise UsageError(f"ITOP grows by {' or '.join(GROWTHS)}, got {self.growth!r}.")

    def fraction(self, done: int, total_steps: int) -> float:
        """A cosine from ``drop`` to 0.005."""
        return CosineDrop(self.drop, self.last(total_steps), floor=0.005).fraction(done)


@METHODS.register("itop")
class InTimeOverParameterization(Method):
    """Liu et al. 2021; keeps record of what was ever active, see :func:`exploration_rate`."""

    facts = MethodFacts(
        title="ITOP",
        family="regrowth",
        paper="Do We Actually Need Dense Over-Parameterization? In-Time Over-Parameterization in Sparse Training "
        "(arXiv 2102.02887)",
        mask_behaviour=MaskBehaviour.CONSTANT_COUNT,
        starts_from="scratch",
    )
    config_type = ITOPConfig
    short_runs = MappingProxyType(
        {"exchanging": {"interval": 4}, "random": {"interval": 4, "growth": "random", "allocation": "uniform"}}
    )

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random."""
        counts = self.config.counts(pruner.shapes, pruner.target)
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))
        pruner.memory |= {_EXPLORED + name: mask.clone() for name, mask in pruner.masks.items()}

    def gradient_counts(self, pruner: Pruner) -> Mapping[str, int] | None:
        """Dense gradients of the batch before an exchange, where growth follows them."""
        config: ITOPConfig = self.config
        due = config.growth == "gradient" and config.is_due(pruner.step + 1, pruner.total_steps)
        return pruner.numels if due else None

    def after_step(self, pruner: Pruner) -> None:
        """Exchange weights every ``interval`` steps, by the gradient of the batch that was just learned."""
        config: ITOPConfig = self.config
        done = pruner.step + 1
        if not config.is_due(done, pruner.total_steps):
            return
        fraction = config.fraction(done, pruner.total_steps)
        masks = {}
        for name, weight in pruner.prunable.items():
            mask, size = pruner.masks[name], weight.detach().abs()
            if config.growth == "gradient":
                masks[name] = exchanged(size, dense_gradient(weight).abs(), mask, fraction)
            else:
                leaving = int(fraction * int(mask.sum()))
                stay = staying(size, mask, int(mask.sum()) - leaving)
                masks[name] = grown_at_random(stay, leaving, pruner.generator)
        pruner.set_masks(masks)
        for name, mask in pruner.masks.items():
            pruner.memory[_EXPLORED + name] |= mask


def exploration_rate(memory: Mapping[str, Tensor]) -> float:
    """R_s: the fraction of prunable weights that were active at some time of the run whose ``Pruner.memory`` this is.

    It starts at the density and never falls. Raises :class:`UsageError` for a run of another method.
    """
    explored = [tensor for name, tensor in memory.items() if name.startswith(_EXPLORED)]
    if not explored:
        raise UsageError("Only runs of itop keep record of which weights were ever active.")
    return sum(int(mask.sum()) for mask in explored) / sum(mask.numel() for mask in explored)
