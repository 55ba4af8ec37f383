"""Iterative magnitude pruning with fine-tuning: rounds of pruning, each followed by training at a low, fixed rate."""

from dataclasses import dataclass
from types import MappingProxyType

from ..core.errors import UsageError
from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._rounds import RoundsConfig, RoundsMethod


@dataclass(frozen=True)
class IterativeMagnitudeConfig(RoundsConfig):
    """``fine_tune_at``: where in the schedule the rate of the fine-tuning is read.

    The paper fine-tunes at the last rate of its step schedule, which holds from 80 of 90 epochs on; a cosine has
    almost nothing left at its very end, and at 0.9 a fortieth.
    """

    fine_tune_at: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.fine_tune_at < 1.0:
            raise UsageError(f"fine_tune_at is a fraction of the schedule from 0 to below 1, got {self.fine_tune_at}.")


@METHODS.register("iterative-magnitude")
class IterativeMagnitude(RoundsMethod):
    """The classic: train, prune, fine-tune, prune, fine-tune (Han et al. 2015; as compared by Renda et al. 2020)."""

    facts = MethodFacts(
        title="Iterative magnitude, fine-tuned",
        family="magnitude",
        paper="Learning both Weights and Connections for Efficient Neural Networks (arXiv 1506.02626); "
        "Comparing Rewinding and Fine-tuning in Neural Network Pruning (arXiv 2003.02389)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        patterns=EVERY_PATTERN,
    )
    config_type = IterativeMagnitudeConfig
    short_runs = MappingProxyType({"late": {"rate": 0.75, "rewind": 0.4}})

    def learning_rate_position(self, pruner: Pruner) -> tuple[int, int]:
        """The schedule once, then one point of it."""
        config: IterativeMagnitudeConfig = self.config
        number, step, steps = self.plan(pruner.target, pruner.total_steps).position(pruner.step)
        return (step if number == 0 else int(config.fine_tune_at * steps)), steps
