"""Early-CroP: train the dense network until its weights have found their direction, then prune once, as CroP does."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts
from .crop import CroPConfig, prune_by_flow

_START, _DISTANCE = "start.", "distance"


@dataclass(frozen=True)
class EarlyCroPConfig(CroPConfig):
    """The authors' seven rounds; 80 epochs.

    ``checks``: at how many even distances of the run the rule looks (the authors: after each epoch). ``latest``: the
    fraction of the run after which pruning waits no longer.
    """

    rounds: int = 7
    checks: int = 80
    latest: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.checks < 1 or not 0.0 < self.latest <= 1.0:
            raise UsageError(
                f"EarlyCroPConfig needs checks >= 1 and 0 < latest <= 1, got {self.checks} and {self.latest}."
            )


@METHODS.register("early-crop")
class EarlyCroP(Method):
    """Rachwan et al. 2022: with ``d_t = ‖θ₀ - θ_t‖ / ‖θ₀‖`` over all parameters, prune when ``|d_t - d_t₋₁| < 1 - S``.

    That is the paper's rule; its code measures from the weights after one epoch and scales the threshold by the first
    distance.
    """

    facts = MethodFacts(
        title="Early-CroP",
        family="at initialisation",
        paper="Winning the Lottery Ahead of Time: Efficient Early Network Pruning (arXiv 2206.10451)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = EarlyCroPConfig
    short_runs = MappingProxyType({"checked": {"checks": 12, "samples": 20}})

    def prepare(self, pruner: Pruner) -> None:
        """Remember where training starts."""
        pruner.memory |= {_START + name: value.detach().clone() for name, value in pruner.model.named_parameters()}
        pruner.memory[_DISTANCE] = torch.zeros((), dtype=torch.float64)

    def after_step(self, pruner: Pruner) -> None:
        """Prune as soon as the distance to the start settles."""
        config: EarlyCroPConfig = self.config
        done = pruner.step + 1
        is_last = done >= max(1, round(config.latest * pruner.total_steps))
        if _DISTANCE not in pruner.memory or not (is_last or done % max(1, pruner.total_steps // config.checks) == 0):
            return
        before, now = pruner.memory[_DISTANCE], distance_from_start(pruner)
        pruner.memory[_DISTANCE] = now
        if is_last or bool((now - before).abs() < 1.0 - pruner.target):
            pruner.memory.clear()
            prune_by_flow(pruner, config)


@torch.no_grad()
def distance_from_start(pruner: Pruner) -> Tensor:
    """``‖θ₀ - θ_t‖ / ‖θ₀‖`` over all parameters, a float64 scalar on the CPU."""
    moved = length = 0.0
    for name, value in pruner.model.named_parameters():
        start = pruner.memory[_START + name]
        moved += float((start - value).double().square().sum())
        length += float(start.double().square().sum())
    return torch.tensor((moved / length) ** 0.5, dtype=torch.float64)
