"""SNFS (sparse momentum): weights move between layers, to where the smoothed gradient says that they are missed."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..exchanges import ExchangeConfig
from ..masks import keep_random
from ..pruner import Pruner
from ..regrowth import dense_gradient, grown, shared_out, staying
from ..schedules import CosineDrop
from . import METHODS, MaskBehaviour, Method, MethodFacts

_MOMENTUM = "momentum."


@dataclass(frozen=True)
class SNFSConfig(ExchangeConfig):
    """The authors' settings: uniform masks, once per epoch half of the weights at first, down to 0.005 at the end.

    ``interval``: an epoch of ImageNet in batches of 256. ``momentum``: of the smoothed gradient, which is kept for
    every weight, pruned or not (TimDettmers/sparse_learning, commit e19ff16).
    """

    allocation: str = "uniform"
    interval: int = 5004
    drop: float = 0.5
    end: float = 1.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.momentum < 1.0:
            raise UsageError(f"SNFSConfig needs a momentum of at least 0 and below 1, got {self.momentum}.")

    def fraction(self, done: int, total_steps: int) -> float:
        """A cosine from ``drop`` to 0.005."""
        return CosineDrop(self.drop, self.last(total_steps), floor=0.005).fraction(done)


@METHODS.register("snfs")
class SparseMomentum(Method):
    """Dettmers & Zettlemoyer 2019: drop by magnitude, give to layers by mean momentum, grow by momentum."""

    facts = MethodFacts(
        title="SNFS",
        family="regrowth",
        paper="Sparse Networks from Scratch: Faster Training without Losing Performance (arXiv 1907.04840)",
        mask_behaviour=MaskBehaviour.FREE,
        starts_from="scratch",
    )
    config_type = SNFSConfig
    short_runs = MappingProxyType({"exchanging": {"interval": 4}})

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random."""
        counts = self.config.counts(pruner.shapes, pruner.target)
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))

    def after_backward(self, pruner: Pruner) -> bool:
        """Smooth the gradients of all weights; the optimizer's own momenta are zero where a weight is pruned."""
        for name, weight in pruner.prunable.items():
            gradient, key = dense_gradient(weight), _MOMENTUM + name
            before = pruner.memory.get(key)
            pruner.memory[key] = gradient if before is None else before.mul_(self.config.momentum).add_(gradient)
        return False

    def gradient_counts(self, pruner: Pruner) -> Mapping[str, int]:
        """Dense gradients in every step: the momentum of pruned weights is needed too."""
        return pruner.numels

    def after_step(self, pruner: Pruner) -> None:
        """Exchange weights every ``interval`` steps."""
        config: SNFSConfig = self.config
        done = pruner.step + 1
        if not config.is_due(done, pruner.total_steps):
            return
        dense = config.dense(pruner.shapes)
        layers = {name: mask for name, mask in pruner.masks.items() if name not in dense}
        momenta = {name: pruner.memory[_MOMENTUM + name].abs() for name in layers}
        shares = momentum_shares(momenta, layers)
        fractions = drop_fractions(shares, layers, config.fraction(done, pruner.total_steps))
        stay = {}
        for name, mask in layers.items():
            count = int(mask.sum())
            stay[name] = staying(pruner.prunable[name].detach().abs(), mask, count - int(fractions[name] * count))
        removed = sum(int(layers[name].sum()) - int(mask.sum()) for name, mask in stay.items())
        room = {name: mask.numel() - int(mask.sum()) for name, mask in stay.items()}
        given = shared_out(shares, room, removed)
        moved = {name: grown(momenta[name], stay[name], given[name]) for name in layers}
        pruner.set_masks(pruner.masks | moved)


def momentum_shares(momenta: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> dict[str, float]:
    """Each layer's share of the sum of mean ``|momentum|`` over kept weights; all 0 where nothing has moved yet."""
    means = {name: float(momenta[name][mask].mean()) if bool(mask.any()) else 0.0 for name, mask in masks.items()}
    total = sum(means.values())
    return {name: mean / total if total else 0.0 for name, mean in means.items()}


def drop_fractions(shares: Mapping[str, float], masks: Mapping[str, Tensor], fraction: float) -> dict[str, float]:
    """The fraction of kept weights that leaves each layer.

    A layer above 80 % density that gets more than an even share gives up no more than its sparsity, so that layers
    which are nearly full can stay so (``adjust_prune_rate`` of the authors' code).
    """
    even = 1.0 / len(shares)
    result = {}
    for name, mask in masks.items():
        sparsity = 1.0 - float(torch.count_nonzero(mask)) / mask.numel()
        result[name] = min(fraction, sparsity) if sparsity < 0.2 and shares[name] > even else fraction
    return result
