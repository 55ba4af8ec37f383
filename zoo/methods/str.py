"""STR: every layer learns a threshold that its weights are softly cut off at; sparsity is an outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from ..masks import count_for
from ..pruner import Pruner
from ..schedules import CubicConfig
from . import METHODS, MaskBehaviour, Method, MethodFacts

_LATENT, _THRESHOLD = "latent.", "threshold."


@dataclass(frozen=True)
class STRConfig(CubicConfig):
    """Thresholds and what moves them; the defaults are those of RAIVNLab/STR for ResNet-50.

    ``initial_threshold``: s of every layer, whose weights lose σ(s). ``threshold_decay``: weight decay of s; None takes
    that of the weights. ``steer``: the authors sweep the weight decay by hand until the sparsity fits. Here the common
    level of all thresholds follows a cubic curve to the target instead, and their differences are learned; False leaves
    the level to the weight decay, as published.
    """

    updates: int = 50
    initial_threshold: float = -3200.0
    threshold_decay: float | None = None
    steer: bool = True


@METHODS.register("str")
class SoftThreshold(Method):
    """w̃ = sign(w) relu(|w| - σ(s)) with one s per layer, learned with the weights (Kusupati et al. 2020)."""

    facts = MethodFacts(
        title="Soft threshold reparameterisation",
        family="magnitude",
        paper="Soft Threshold Weight Reparameterization for Learnable Sparsity (arXiv 2002.03231)",
        mask_behaviour=MaskBehaviour.FREE,
        starts_from="scratch",
        exact_target=False,
    )
    config_type = STRConfig
    short_runs = MappingProxyType({"warm": {"initial_threshold": -6.0, "updates": 4}})

    def prepare(self, pruner: Pruner) -> None:
        """Keep the latent weights, and a threshold for each tensor."""
        config: STRConfig = self.config
        for name, weight in pruner.prunable.items():
            pruner.memory[_LATENT + name] = weight.detach().clone()
            pruner.memory[_THRESHOLD + name] = nn.Parameter(weight.new_tensor(config.initial_threshold))
        _show(pruner)

    def optimizer(self, pruner: Pruner, make: Callable[[], Optimizer]) -> Optimizer:
        """The ordinary one, which trains the thresholds too."""
        config: STRConfig = self.config
        optimizer = make()
        group: dict[str, object] = {"params": [pruner.memory[_THRESHOLD + name] for name in pruner.prunable]}
        if config.threshold_decay is not None:
            group["weight_decay"] = config.threshold_decay
        optimizer.add_param_group(group)
        return optimizer

    @torch.no_grad()
    def after_backward(self, pruner: Pruner) -> bool:
        """Put the latent weights in, with their gradients and those of the thresholds."""
        for name, weight in pruner.prunable.items():
            latent, threshold = pruner.memory[_LATENT + name], pruner.memory[_THRESHOLD + name]
            if weight.grad is not None:
                weight.grad, threshold.grad = gradients(latent, threshold, weight.grad)
            weight.copy_(latent)
        return False

    @torch.no_grad()
    def after_step(self, pruner: Pruner) -> None:
        """Keep what the optimizer made of the latent weights, steer, and show the cut-off ones."""
        if pruner.learned:
            for name, weight in pruner.prunable.items():
                pruner.memory[_LATENT + name].copy_(weight)
        config: STRConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        since = pruner.step - schedule.begin
        due = since >= 0 and since % schedule.every == 0
        if config.steer and (due or pruner.step == pruner.total_steps - 1):
            shift = level(_parts(pruner, _LATENT), _parts(pruner, _THRESHOLD), schedule.target(pruner.step))
            for name in pruner.prunable:
                pruner.memory[_THRESHOLD + name].add_(shift)
        _show(pruner)

    def finalize(self, pruner: Pruner) -> None:
        """The model has the cut-off weights already; from here on they are held."""
        pruner.set_masks(pruner.masks)


def soft_threshold(weight: Float[Tensor, "*shape"], threshold: Float[Tensor, ""]) -> Float[Tensor, "*shape"]:
    """``sign(w) relu(|w| - σ(s))``, with +0.0 where nothing is left (equation 4)."""
    size = weight.abs() - torch.sigmoid(threshold)
    return torch.where(size > 0, weight.sign() * size, 0.0)


def gradients(
    weight: Float[Tensor, "*shape"], threshold: Float[Tensor, ""], gradient: Float[Tensor, "*shape"]
) -> tuple[Float[Tensor, "*shape"], Float[Tensor, ""]]:
    """``g 1[w̃ ≠ 0]`` for the latent weight and ``-σ'(s) Σ sign(w) g 1[w̃ ≠ 0]`` for s, where ``g`` belongs to w̃."""
    cut = torch.sigmoid(threshold)
    passed = torch.where(weight.abs() > cut, gradient, 0.0)
    return passed, -cut * (1.0 - cut) * (weight.sign() * passed).sum()


def level(weights: dict[str, Tensor], thresholds: dict[str, Tensor], sparsity: float) -> float:
    """What to add to every s, so that ``sparsity`` of all weights are cut off: exact, by one selection.

    A weight is cut off from ``σ(s + c) >= |w|``, so from ``c = logit |w| - s`` on; ``c`` lies halfway between the last
    weight that goes and the first that stays. Nothing is moved where all stay or all go.
    """
    critical = torch.cat(
        [
            (torch.logit(weight.double().abs().clamp(1e-300, 1.0 - 1e-12)) - thresholds[name].double()).reshape(-1)
            for name, weight in weights.items()
        ]
    )
    gone = critical.numel() - count_for(sparsity, critical.numel())
    if gone in (0, critical.numel()):
        return 0.0
    return float(critical.kthvalue(gone).values + critical.kthvalue(gone + 1).values) / 2.0


def _parts(pruner: Pruner, prefix: str) -> dict[str, Tensor]:
    return {name: pruner.memory[prefix + name] for name in pruner.prunable}


@torch.no_grad()
def _show(pruner: Pruner) -> None:
    """Put the cut-off weights into the model, and say in the masks which are left."""
    for name, weight in pruner.prunable.items():
        weight.copy_(soft_threshold(pruner.memory[_LATENT + name], pruner.memory[_THRESHOLD + name]))
    pruner.set_masks({name: weight.detach() != 0 for name, weight in pruner.prunable.items()}, hold=False)
