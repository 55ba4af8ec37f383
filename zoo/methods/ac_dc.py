"""AC/DC: compressed and dense phases in turn, so that pruned weights get their chance again."""

from dataclasses import dataclass
from types import MappingProxyType

import torch

from ..core.errors import UsageError
from ..pruner import Pruner
from ..schedules import Alternating
from ..scores import magnitude
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class ACDCConfig(SelectionConfig):
    """When phases change, in fractions of the run; the defaults are those of IST-DASLab/ACDC for 100 epochs.

    Dense until ``warm_up``, then ``phases`` phases of length ``phase``, compressed ones first and last, dense again
    until ``end``, and compressed to the finish. The paper's uniform masks have ``allocation`` "uniform" and ``scope``
    "no-stem-no-classifier".
    """

    warm_up: float = 0.10
    phase: float = 0.05
    phases: int = 13
    end: float = 0.85

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.warm_up >= 0 and self.phase > 0 and self.phases >= 1 and self.phases % 2 == 1):
            raise UsageError(
                "AC/DC needs warm_up >= 0, phase > 0 and an odd number of phases, "
                f"got {self.warm_up}, {self.phase} and {self.phases}."
            )
        if not self.warm_up + self.phases * self.phase <= self.end + 1e-9 <= 1.0:
            raise UsageError(
                f"The phases of AC/DC end at {self.warm_up + self.phases * self.phase:g} of the run, "
                f"and the last one must begin between that and 1, got end={self.end}."
            )

    def schedule(self, total_steps: int) -> Alternating:
        """The steps at which phases change in a run of ``total_steps``."""
        edges = [self.warm_up + index * self.phase for index in range(self.phases + 1)]
        return Alternating(tuple(int(edge * total_steps + 1e-6) for edge in (*edges, self.end)))


@METHODS.register("ac-dc")
class ACDC(Method):
    """Peste et al. 2021: each compression ranks all weights anew, each decompression starts the pruned ones at zero."""

    facts = MethodFacts(
        title="AC/DC",
        family="magnitude",
        paper="AC/DC: Alternating Compressed/DeCompressed Training of Deep Neural Networks (arXiv 2106.12379)",
        mask_behaviour=MaskBehaviour.FREE,
        starts_from="scratch",
        patterns=EVERY_PATTERN,
    )
    config_type = ACDCConfig
    short_runs = MappingProxyType(
        {
            "slow": {"phase": 0.2, "phases": 3},
            "uniform": {"phase": 0.2, "phases": 3, "allocation": "uniform"},
        }
    )

    def prepare(self, pruner: Pruner) -> None:
        """Compress at once in a run without a dense beginning."""
        if self._is_compressed(pruner, 0):
            self._compress(pruner)

    def after_step(self, pruner: Pruner) -> None:
        """Change the phase for the next step. Decompression forgets all momentum, as the authors' runs do."""
        before, after = (self._is_compressed(pruner, step) for step in (pruner.step, pruner.step + 1))
        if after and not before:
            self._compress(pruner)
        elif before and not after:
            pruner.set_masks({name: torch.ones_like(mask) for name, mask in pruner.masks.items()})
            pruner.forget_momentum()

    def _is_compressed(self, pruner: Pruner, step: int) -> bool:
        config: ACDCConfig = self.config
        return config.schedule(pruner.total_steps).is_compressed(step)

    def _compress(self, pruner: Pruner) -> None:
        config: ACDCConfig = self.config
        pruner.set_masks(config.masks(magnitude(pruner.prunable), pruner.target, structure=pruner.structure))
