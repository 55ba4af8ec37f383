"""MEST: weights mutate at random under a memory bound; neither dense weights nor dense gradients are ever needed."""

from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from ..core.errors import UsageError
from ..masks import keep_random
from ..pruner import Pruner
from ..regrowth import dense_gradient, grown_at_random, staying
from ..selection import LayerwiseConfig
from . import METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class MESTConfig(LayerwiseConfig):
    """The authors' settings: every 5 epochs of 160, uniform masks (boone891214/MEST, commit a428026).

    ``soft_bound``: False is MEST+EM, which removes first and then grows back; True is MEST+EM&S, which trains with the
    grown weights besides the others and removes at the next mutation.
    ``updates``: mutations in the run. ``mutation``: fractions of a layer's kept weights that mutate; ``decay``:
    fractions of the run at which the next one begins. The authors give them as differences of sparsity: 0.02, 0.01 and
    0 at 90 %, half of that at 95 %.
    ``gradient_weight``: λ of the importance ``|w| + λ |∂L/∂w|``; the authors' default is 0.
    """

    allocation: str = "uniform"
    soft_bound: bool = False
    updates: int = 32
    mutation: tuple[float, ...] = (0.2, 0.1, 0.0)
    decay: tuple[float, ...] = (0.5625, 0.75)
    gradient_weight: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.updates < 1 or self.gradient_weight < 0.0:
            raise UsageError(
                f"MESTConfig needs updates >= 1 and gradient_weight >= 0, got {self.updates}, {self.gradient_weight}."
            )
        if len(self.mutation) != len(self.decay) + 1 or not all(0.0 <= value < 1.0 for value in self.mutation):
            raise UsageError(
                f"MESTConfig needs fractions below 1, one more than decays, got {self.mutation} and {self.decay}."
            )
        if list(self.decay) != sorted(self.decay) or self.mutation[-1] != 0.0:
            raise UsageError(f"MESTConfig needs rising decays to 0 at last, got {self.mutation} at {self.decay}.")

    def fraction(self, done: int, total_steps: int) -> float:
        """The mutation in force after ``done`` steps."""
        return self.mutation[sum(done >= share * total_steps for share in self.decay)]

    def is_due(self, done: int, total_steps: int) -> bool:
        """Whether weights mutate after ``done`` steps: at even intervals and where the fraction changes."""
        interval = max(1, total_steps // self.updates)
        changes = self.fraction(done, total_steps) != self.fraction(done - 1, total_steps)
        return changes or (done % interval == 0 and done < total_steps)


@METHODS.register("mest")
class MemoryEconomicSparseTraining(Method):
    """Yuan et al. 2021; at no time are more weights kept than the target's and the mutating ones together."""

    facts = MethodFacts(
        title="MEST",
        family="regrowth",
        paper="MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge (arXiv 2110.14032)",
        mask_behaviour=MaskBehaviour.FREE,
        starts_from="scratch",
    )
    config_type = MESTConfig
    short_runs = MappingProxyType(
        {"mutating": {"updates": 6, "gradient_weight": 0.1}, "soft-bound": {"updates": 6, "soft_bound": True}}
    )

    def prepare(self, pruner: Pruner) -> None:
        """Draw the first mask at random; with a soft bound it has the first mutation's weights already."""
        config: MESTConfig = self.config
        counts = config.counts(pruner.shapes, pruner.target)
        if config.soft_bound:
            counts = {
                name: min(count + int(config.mutation[0] * count), pruner.masks[name].numel())
                for name, count in counts.items()
            }
        pruner.set_masks(keep_random(pruner.shapes, counts, pruner.generator))

    def after_step(self, pruner: Pruner) -> None:
        """Remove the least important weights and grow as many at random, as the bound allows."""
        config: MESTConfig = self.config
        done = pruner.step + 1
        if not config.is_due(done, pruner.total_steps):
            return
        fraction = config.fraction(done, pruner.total_steps)
        masks = {}
        for name, count in config.counts(pruner.shapes, pruner.target).items():
            mutating = int(fraction * count)
            left = count if config.soft_bound else count - mutating
            stay = staying(importance(pruner.prunable[name], config.gradient_weight), pruner.masks[name], left)
            room = stay.numel() - left
            masks[name] = grown_at_random(stay, min(mutating, room), pruner.generator)
        pruner.set_masks(masks)


def importance(weight: nn.Parameter, gradient_weight: float) -> Tensor:
    """``|w| + λ |∂L/∂w|`` (Yuan et al. 2021, section 3); the gradients of pruned weights are not looked at."""
    size = weight.detach().abs()
    return size + gradient_weight * dense_gradient(weight).abs() if gradient_weight else size
