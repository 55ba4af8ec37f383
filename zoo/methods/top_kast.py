"""Top-KAST: always sparse. The largest weights compute, a larger set of weights learns, the rest waits."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..masks import keep_top_each
from ..pruner import Pruner
from ..regrowth import dense_gradient
from ..scores import magnitude
from ..selection import LayerwiseConfig
from . import METHODS, MaskBehaviour, Method, MethodFacts

_LATENT, _BACKWARD = "latent.", "backward."


@dataclass(frozen=True)
class TopKASTConfig(LayerwiseConfig):
    """The paper's 80 % forward and 50 % backward sparsity by default, whatever the target.

    ``margin``: M; of each layer with density D a fraction D + M learns. ``interval``: steps between new sets; the paper
    found 100 as good as 1. ``penalty``: λ of the exploration loss, an L2 term that makes up for the weight decay.
    The paper uses stochastic gradient descent; the momenta of weights that stop learning are zeroed.
    """

    allocation: str = "uniform"
    margin: float = 0.3
    interval: int = 1
    penalty: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (0.0 <= self.margin <= 1.0 and self.interval >= 1 and self.penalty >= 0.0):
            raise UsageError(
                "TopKASTConfig needs a margin between 0 and 1, interval >= 1 and penalty >= 0, "
                f"got {self.margin}, {self.interval} and {self.penalty}."
            )


@METHODS.register("top-kast")
class TopKAST(Method):
    """Jayakumar et al. 2020. A = top D of each layer's ``|θ|`` is seen, B = top D + M is trained, the rest is constant.

    The exploration loss is ``λ/2 (Σ_A θ² + Σ_{B\\A} θ² / D)``: candidates are held down harder, the sparser the layer.
    """

    facts = MethodFacts(
        title="Top-KAST",
        family="regrowth",
        paper="Top-KAST: Top-K Always Sparse Training (arXiv 2106.03517)",
        mask_behaviour=MaskBehaviour.FREE,
        starts_from="scratch",
    )
    config_type = TopKASTConfig
    short_runs = MappingProxyType({"rarely": {"interval": 5, "penalty": 0.1}})

    def prepare(self, pruner: Pruner) -> None:
        """Keep all weights aside and show the largest."""
        pruner.memory |= {_LATENT + name: weight.detach().clone() for name, weight in pruner.prunable.items()}
        self._choose(pruner)

    @torch.no_grad()
    def after_backward(self, pruner: Pruner) -> bool:
        """Put all weights in for the optimizer, with gradients and the exploration loss on B alone."""
        for name, weight in pruner.prunable.items():
            latent, learns = pruner.memory[_LATENT + name], pruner.memory[_BACKWARD + name]
            forward = pruner.masks[name]
            weight.copy_(latent)
            density = forward.float().mean().clamp_min(1.0 / forward.numel())
            strength = self.config.penalty * torch.where(forward, 1.0, 1.0 / density)
            gradient = (dense_gradient(weight) + strength * latent).masked_fill_(~learns, 0.0)
            weight.grad = gradient if weight.grad is None else weight.grad.copy_(gradient)
        return False

    def gradient_counts(self, pruner: Pruner) -> dict[str, int]:
        """The sizes of the sets B."""
        config: TopKASTConfig = self.config
        forward = config.counts(pruner.shapes, pruner.target)
        return {name: min(size, forward[name] + round(config.margin * size)) for name, size in pruner.numels.items()}

    @torch.no_grad()
    def after_step(self, pruner: Pruner) -> None:
        """Keep what B has learned, undo what weight decay and momentum did elsewhere, and choose new sets."""
        for name, weight in pruner.prunable.items() if pruner.learned else ():
            latent, learns = pruner.memory[_LATENT + name], pruner.memory[_BACKWARD + name]
            latent[learns] = weight[learns]
        if (pruner.step + 1) % self.config.interval == 0:
            self._choose(pruner)
        else:
            self._show(pruner)

    def finalize(self, pruner: Pruner) -> None:
        """Forget the weights that are not seen."""
        pruner.set_masks(pruner.masks)
        pruner.memory.clear()

    def _choose(self, pruner: Pruner) -> None:
        config: TopKASTConfig = self.config
        scores = magnitude({name: pruner.memory[_LATENT + name] for name in pruner.prunable})
        forward, backward = config.counts(pruner.shapes, pruner.target), self.gradient_counts(pruner)
        pruner.memory |= {_BACKWARD + name: mask for name, mask in keep_top_each(scores, backward).items()}
        pruner.set_masks(keep_top_each(scores, forward), hold=False)
        self._show(pruner)

    @torch.no_grad()
    def _show(self, pruner: Pruner) -> None:
        for name, weight in pruner.prunable.items():
            weight.copy_(pruner.memory[_LATENT + name]).masked_fill_(~pruner.masks[name], 0.0)
            _forget(pruner, weight, pruner.memory[_BACKWARD + name])


def _forget(pruner: Pruner, weight: torch.nn.Parameter, learns: Tensor) -> None:
    """Zero the optimizer's averages of weights that do not learn."""
    state = pruner.optimizer.state.get(weight, {}) if pruner.optimizer is not None else {}
    for buffer in state.values():
        if isinstance(buffer, Tensor) and buffer.shape == weight.shape:
            buffer.masked_fill_(~learns, 0.0)
