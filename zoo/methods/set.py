"""SET: sparse evolutionary training. Weights near zero leave, others join at random; no gradient of a pruned weight."""

from dataclasses import dataclass
from types import MappingProxyType

from ..exchanges import ExchangeConfig
from ..masks import keep_random
from ..pruner import Pruner
from ..regrowth import grown_at_random, staying, staying_by_sign
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class SETConfig(ExchangeConfig):
    """The paper's ζ = 0.3, the same at every exchange.

    The paper exchanges once per epoch and draws Erdős–Rényi masks (``allocation="er"``); the default follows its
    successors: ERK, every 100 steps, until 3/4 of the run. ``by_sign``: the weights nearest to zero leave among the
    positive and among the negative ones, as in the paper; False looks at the magnitude alone, as google-research/rigl.
    """

    by_sign: bool = True

    def fraction(self, done: int, total_steps: int) -> float:  # noqa: ARG002
        """Constant."""
        return self.drop


@METHODS.register("set")
class SparseEvolutionaryTraining(Method):
    """Mocanu et al. 2018; exchanges follow the optimizer's step."""

    facts = MethodFacts(
        title="SET",
        family="regrowth",
        paper="Scalable Training of Artificial Neural Networks with Adaptive Sparse Connectivity inspired by Network "
        "Science (arXiv 1707.04780)",
        mask_behaviour=MaskBehaviour.CONSTANT_COUNT,
        starts_from="scratch",
    )
    config_type = SETConfig
    short_runs = MappingProxyType({"exchanging": {"interval": 4}})

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random."""
        counts = self.config.counts(pruner.shapes, pruner.target)
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))

    def after_step(self, pruner: Pruner) -> None:
        """Exchange weights every ``interval`` steps before ``end``."""
        config: SETConfig = self.config
        done = pruner.step + 1
        if not config.is_due(done, pruner.total_steps):
            return
        fraction = config.fraction(done, pruner.total_steps)
        masks = {}
        for name, weight in pruner.prunable.items():
            mask = pruner.masks[name]
            count = int(mask.sum())
            if config.by_sign:
                stay = staying_by_sign(weight.detach(), mask, fraction)
            else:
                stay = staying(weight.detach().abs(), mask, count - int(fraction * count))
            masks[name] = grown_at_random(stay, count - int(stay.sum()), pruner.generator)
        pruner.set_masks(masks)
