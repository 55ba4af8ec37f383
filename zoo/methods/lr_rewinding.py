"""Learning-rate rewinding: iterative magnitude pruning that keeps the weights and repeats the schedule."""

from types import MappingProxyType

from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._rounds import RoundsMethod


@METHODS.register("lr-rewinding")
class LearningRateRewinding(RoundsMethod):
    """Every round trains the survivors on, from the learning rate at ``rewind`` (Renda et al. 2020)."""

    facts = MethodFacts(
        title="Learning-rate rewinding",
        family="magnitude",
        paper="Comparing Rewinding and Fine-tuning in Neural Network Pruning (arXiv 2003.02389)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        patterns=EVERY_PATTERN,
    )
    short_runs = MappingProxyType({"late": {"rate": 0.75, "rewind": 0.4}})
