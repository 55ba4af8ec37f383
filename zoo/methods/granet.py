"""GraNet: gradual magnitude pruning that, after each cut, swaps weak weights for promising ones at no cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch

from ..core.errors import UsageError
from ..exchanges import ExchangeConfig
from ..masks import keep_random
from ..pruner import Pruner
from ..regrowth import dense_gradient, exchanged
from ..schedules import CosineDrop, Cubic
from ..scores import magnitude
from ..selection import SelectionConfig
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class GraNetConfig(ExchangeConfig):
    """The authors' settings for ResNet-50 on ImageNet: every 4,000 batches of 128 images, pruned until epoch 30 of 100.

    ``initial``: sparsity of the first, random mask; 0.5 trains from sparse to sparse, 0.0 from dense to sparse.
    ``begin``, ``pruned_by``: fractions of the run between which the cubic curve rises from there to the target.
    ``drop``: fraction of each layer that is regenerated, lowered by a cosine to 0.005 at ``end``; ``allocation``: of
    the first mask (VITA-Group/GraNet, commit f338a24).
    """

    interval: int = 4000
    drop: float = 0.5
    end: float = 1.0
    initial: float = 0.5
    begin: float = 0.0
    pruned_by: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.begin <= self.pruned_by <= 1.0:
            raise UsageError(f"GraNetConfig needs 0 <= begin <= pruned_by <= 1, got {self.begin} and {self.pruned_by}.")

    def schedule(self, final: float, total_steps: int) -> Cubic:
        """The curve, over numbers of finished steps."""
        last = max(1, round(self.pruned_by * total_steps))
        return Cubic(final, min(last, round(self.begin * total_steps)), last, self.interval, self.initial)

    def regenerates(self, schedule: Cubic, done: int, total_steps: int) -> bool:
        """Whether weights change places after ``done`` steps: with every cut, and as often after the last one."""
        return schedule.is_update(done) or (self.is_due(done, total_steps) and done > schedule.begin)

    def fraction(self, done: int, total_steps: int) -> float:
        """A cosine from ``drop`` to 0.005."""
        return CosineDrop(self.drop, self.last(total_steps), floor=0.005).fraction(done)


@METHODS.register("granet")
class GraNet(Method):
    """Liu et al. 2021: one magnitude ranking over all layers, then regeneration by gradient within each layer."""

    facts = MethodFacts(
        title="GraNet",
        family="regrowth",
        paper="Sparse Training via Boosting Pruning Plasticity with Neuroregeneration (arXiv 2106.10404)",
        mask_behaviour=MaskBehaviour.FREE,
        starts_from="scratch",
    )
    config_type = GraNetConfig
    short_runs = MappingProxyType(
        {"exchanging": {"interval": 4, "pruned_by": 0.6}, "dense-to-sparse": {"interval": 3, "initial": 0.0}}
    )

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random."""
        config: GraNetConfig = self.config
        config.schedule(pruner.target, pruner.total_steps)  # refuses a target below the initial sparsity
        counts = config.counts(pruner.shapes, config.initial)
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))

    def gradient_counts(self, pruner: Pruner) -> Mapping[str, int] | None:
        """Dense gradients of the batch before weights change places."""
        config: GraNetConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        return pruner.numels if config.regenerates(schedule, pruner.step + 1, pruner.total_steps) else None

    def after_step(self, pruner: Pruner) -> None:
        """Prune along the curve, then regenerate; after the curve's end, regenerate only."""
        config: GraNetConfig = self.config
        done, total = pruner.step + 1, pruner.total_steps
        schedule = config.schedule(pruner.target, total)
        masks = pruner.masks
        if not config.regenerates(schedule, done, total):
            return
        if schedule.is_update(done):
            select = SelectionConfig(scope=config.scope)
            masks = select.masks(magnitude(pruner.prunable), schedule.target(done), within=masks)
        pruner.set_masks(masks)
        fraction = config.fraction(done, total)
        pruner.set_masks({name: self._regenerated(pruner, name, fraction) for name in masks})

    @staticmethod
    def _regenerated(pruner: Pruner, name: str, fraction: float) -> torch.Tensor:
        weight = pruner.prunable[name]
        return exchanged(weight.detach(), dense_gradient(weight).abs(), pruner.masks[name], fraction)
