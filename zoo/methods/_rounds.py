"""What iterative methods share: train, remove the smallest weights of what is left, begin again, until the target."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod

import torch

from ..allocation import Counts, Shapes, after_rounds
from ..core.errors import UsageError
from ..pruner import Pruner
from ..schedules import Geometric, Rounds
from ..scores import magnitude
from ..selection import SelectionConfig
from . import Method

_START = "start."


@dataclass(frozen=True)
class RoundsConfig(SelectionConfig):
    """How much a round removes, and where the next one begins.

    ``rate``: the fraction of what is left that a round removes, the last one less. ``rewind``: the fraction of a
    training at which every later one begins (0 the lottery tickets of 2019; epoch 5 of 90 for ResNet-50 on ImageNet).
    ``allocation`` adds "layerwise": the rate in every layer of its own, half of it in the last (Frankle & Carbin 2019).
    """

    rate: float = 0.2
    rewind: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0.0 < self.rate < 1.0 and 0.0 <= self.rewind < 1.0):
            raise UsageError(f"Rounds need 0 < rate < 1 and 0 <= rewind < 1, got {self.rate} and {self.rewind}.")

    @classmethod
    def allocations(cls) -> tuple[str, ...]:
        """The names that ``allocation`` may have."""
        return (*super().allocations(), "layerwise")

    def sparsity(self, shapes: Shapes, target: float, done: int) -> float:
        """The sparsity after ``done`` rounds on the way to ``target``."""
        if self.allocation != "layerwise" or done >= Geometric(target, self.rate).rounds:
            return Geometric(target, self.rate).target(done)
        sizes = {name: prod(shape) for name, shape in shapes.items()}
        left = sum(size * (1.0 - self._rates(shapes)[name]) ** done for name, size in sizes.items())
        return 1.0 - left / sum(sizes.values())

    def counts(
        self,
        shapes: Shapes,
        sparsity: float,
        limits: Mapping[str, int] | None = None,
        also_dense: Collection[str] = (),
    ) -> Counts:
        """As for every selection, and the allocation of the 2019 paper."""
        if self.allocation != "layerwise":
            return super().counts(shapes, sparsity, limits, also_dense)
        sizes = {name: prod(shape) for name, shape in shapes.items()}
        return after_rounds(sizes, sparsity, self._rates(shapes) | dict.fromkeys(also_dense, 0.0), limits)

    def _rates(self, shapes: Shapes) -> dict[str, float]:
        names, dense = tuple(shapes), self.dense(shapes)
        rates = dict.fromkeys(names, self.rate) | {names[-1]: self.rate / 2.0}
        return rates | dict.fromkeys(dense, 0.0)


class RoundsMethod(Method):
    """Several trainings in one run; a subclass says in :meth:`begin_again` with which weights the next one starts."""

    config_type = RoundsConfig

    def plan(self, target: float, total_steps: int) -> Rounds:
        """Where trainings begin and end in a run of ``total_steps``."""
        config: RoundsConfig = self.config
        return Rounds(total_steps, Geometric(target, config.rate).rounds, config.rewind)

    def epochs(self, target: float, epochs: int) -> int:
        """One whole training, and a shorter one for each round."""
        config: RoundsConfig = self.config
        return round(epochs * (1.0 + Geometric(target, config.rate).rounds * (1.0 - config.rewind)))

    def learning_rate_position(self, pruner: Pruner) -> tuple[int, int]:
        """Every training has a schedule of its own."""
        return self.plan(pruner.target, pruner.total_steps).position(pruner.step)[1:]

    def prepare(self, pruner: Pruner) -> None:
        """Keep the first weights, where rounds begin with them."""
        if self.plan(pruner.target, pruner.total_steps).start == 0:
            self.keep(pruner)

    def after_step(self, pruner: Pruner) -> None:
        """Between two trainings: prune, begin again with a fresh optimizer."""
        config: RoundsConfig = self.config
        plan = self.plan(pruner.target, pruner.total_steps)
        if pruner.step + 1 == plan.start:
            self.keep(pruner)
        if plan.ends_a_round(pruner.step):
            done = plan.position(pruner.step)[0] + 1
            sparsity = config.sparsity(pruner.shapes, pruner.target, done)
            scores = magnitude(pruner.prunable)
            pruner.set_masks(config.masks(scores, sparsity, pruner.masks, pruner.structure))
            self.begin_again(pruner, last=done == plan.rounds)
            pruner.forget_momentum()
            pruner.apply_masks()

    def keep(self, pruner: Pruner) -> None:
        """Called once, at the state that later trainings may go back to. The default needs none."""

    def begin_again(self, pruner: Pruner, last: bool) -> None:
        """Set the weights with which the next training starts; ``last``: it is the one that is kept."""


def keep_state(pruner: Pruner) -> None:
    """Copy every tensor of the network, statistics of batch normalisation too, into the memory of the run."""
    for name, tensor in pruner.model.state_dict().items():
        pruner.memory[_START + name] = tensor.detach().clone()


@torch.no_grad()
def rewind_state(pruner: Pruner) -> None:
    """Put the network back to what :func:`keep_state` copied."""
    for name, tensor in pruner.model.state_dict().items():
        tensor.copy_(pruner.memory[_START + name])


@torch.no_grad()
def shuffle_weights(pruner: Pruner) -> None:
    """Permute every prunable tensor: for independent draws, another draw from the same distribution."""
    for weight in pruner.prunable.values():
        order = torch.randperm(weight.numel(), generator=pruner.generator).to(weight.device)
        weight.copy_(weight.reshape(-1)[order].reshape(weight.shape))
