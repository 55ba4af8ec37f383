"""What methods share that measure curvature before they prune: the settings, when they do it, and that it can be
resumed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..core.canonical import config_hash, non_default_fields
from ..core.errors import UsageError
from ..masks import count_for
from ..pruner import Pruner
from ..schedules import CubicConfig
from ..scratch import Slot, fingerprint
from ..second_order.gradients import CalibrationGradients
from ..selection import SelectionConfig
from . import Method

_ASKED = "curvature.asked"  # the sparsity that the last change of masks went for


@dataclass(frozen=True)
class CurvatureConfig(SelectionConfig, CubicConfig):
    """How the empirical Fisher is measured, and how often.

    ``gradients``: m, or as many as one pass over the calibration data gives.
    ``samples_per_gradient``: samples that each of them is averaged over; 1 is the empirical Fisher itself.
    ``damping``: λ, in the unit of squared gradients.
    ``recomputations``: times that the Fisher is measured per mask change; densities fall geometrically between.
    ``vectorised``: False for models whose layers ``torch.func.vmap`` refuses.
    ``begin = end = 0`` prunes once, after the first step; a training of no epochs prunes once as well.
    """

    gradients: int = 1024
    samples_per_gradient: int = 1
    damping: float = 1e-7
    recomputations: int = 1
    vectorised: bool = True

    damping_may_be_zero: ClassVar[bool] = False
    at_least_one: ClassVar[tuple[str, ...]] = ("gradients", "samples_per_gradient", "recomputations")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.at_least_one:
            if (value := getattr(self, name)) is not None and value < 1:
                raise UsageError(f"{name} must be at least 1, got {value}.")
        if not (self.damping > 0 or (self.damping == 0 and self.damping_may_be_zero)):
            raise UsageError(f"damping must be above 0, got {self.damping}.", "Papers use 1e-8 to 1e-5.")


class CurvatureMethod(Method, ABC):
    """A cubic schedule; at each mask change :meth:`prune_once`, or several times with the Fisher measured anew."""

    def after_step(self, pruner: Pruner) -> None:
        """Remove the cheapest of the weights that are left."""
        config: CurvatureConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if schedule.is_update(pruner.step):
            self._prune(pruner, schedule.target(pruner.step))

    def finalize(self, pruner: Pruner) -> None:
        """A run without any step prunes here."""
        if pruner.total_steps == 0:
            self._prune(pruner, pruner.target)

    @abstractmethod
    def prune_once(self, pruner: Pruner, sparsity: float) -> None:
        """Measure, choose, set the masks and move the weights that stay."""

    def gradients(self, pruner: Pruner) -> CalibrationGradients:
        """The stream of gradients of the weights that are left."""
        config: CurvatureConfig = self.config
        return CalibrationGradients(
            pruner.model,
            pruner.prunable,
            pruner.calibration,
            config.gradients,
            config.samples_per_gradient,
            config.vectorised,
            pruner.masks,
        )

    def slots(self, pruner: Pruner) -> Callable[[str], Slot] | None:
        """Where a measurement of the present weights is kept while it is under way; None where nothing is kept."""
        scratch = pruner.scratch
        if scratch is None:
            return None
        masks = {f"mask of {name}": mask for name, mask in pruner.masks.items()}
        weights = fingerprint({**pruner.model.state_dict(), **masks})
        key = config_hash("measuring 1", {"weights": weights, "config": non_default_fields(self.config)})
        return lambda name: scratch.slot(name, key)

    def _prune(self, pruner: Pruner, sparsity: float) -> None:
        config: CurvatureConfig = self.config
        # A pattern may not reach what it was asked for; the next change goes on from there all the same.
        asked = float(pruner.memory.get(_ASKED, torch.zeros(())))
        now = max(asked, pruner.sparsity())
        if count_for(sparsity, pruner.numel) >= count_for(now, pruner.numel):
            return
        slots = self.slots(pruner) if config.recomputations > 1 else None
        slot = None if slots is None else slots("change")
        done = 0 if slot is None else _restored(pruner, slot)
        stages = rising_sparsities(now, sparsity, config.recomputations)
        for number, stage in enumerate(stages[done:], done + 1):
            self.prune_once(pruner, stage)
            if slot is not None:
                slot.write_if_due(partial(_state, pruner, number))
        pruner.memory[_ASKED] = torch.tensor(sparsity, dtype=torch.float64)


def _state(pruner: Pruner, done: int) -> dict[str, Any]:
    return {"done": done, "weights": dict(pruner.prunable), "masks": pruner.masks}


def _restored(pruner: Pruner, slot: Slot) -> int:
    """The parts of a mask change that were done before the process was killed; weights and masks are as after them."""
    kept = slot.read()
    if kept is None:
        return 0
    set_weights(pruner, kept["weights"])
    pruner.set_masks(kept["masks"])
    return int(kept["done"])


@torch.no_grad()
def set_weights(pruner: Pruner, values: Mapping[str, Tensor]) -> None:
    """Write new values into the prunable weights."""
    for name, value in values.items():
        pruner.prunable[name].copy_(value)


def rising_sparsities(now: float, wanted: float, times: int) -> list[float]:
    """``times`` sparsities from above ``now`` up to ``wanted``, whose densities fall at equal ratios.

    >>> rising_sparsities(0.0, 0.99, 2)
    [0.9, 0.99]
    """
    ratio = (1.0 - wanted) / (1.0 - now)
    return [*(1.0 - (1.0 - now) * ratio ** (step / times) for step in range(1, times)), wanted]
