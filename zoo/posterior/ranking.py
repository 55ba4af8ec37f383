"""Gradual pruning by a score that a posterior gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from ..errors import NonFiniteGradientError
from ..pruner import Pruner
from ..schedules import CubicConfig
from ..selection import SelectionConfig


@dataclass(frozen=True)
class RankingConfig(SelectionConfig, CubicConfig):
    """When weights leave, and whether layers compete: by default in one ranking over all of them."""


def prune_lowest(pruner: Pruner, config: RankingConfig, scores: Callable[[], Mapping[str, Tensor]]) -> bool:
    """Where an update is due, remove the weights with the lowest scores of those that are left, and return True.

    ``scores`` is asked only then. Raises :class:`NonFiniteGradientError` where one is not a number.
    """
    schedule = config.schedule(pruner.target, pruner.total_steps)
    if not schedule.is_update(pruner.step):
        return False
    found = checked(scores(), pruner.step)
    pruner.set_masks(config.masks(found, schedule.target(pruner.step), pruner.masks, pruner.structure))
    return True


def checked(scores: Mapping[str, Tensor], step: int) -> Mapping[str, Tensor]:
    """``scores``; raises :class:`NonFiniteGradientError` that names the tensors where one is not a number."""
    if broken := [name for name, score in scores.items() if bool(score.isnan().any())]:
        raise NonFiniteGradientError(
            f"After step {step + 1} weights of {', '.join(broken)}, or their deviations, are not numbers.",
            "Training has diverged: lower the learning rate, or clip gradients with --set clip_norm=1.0",
        )
    return scores
