"""GraSP: before training, remove the weights whose removal preserves or increases the flow of gradients."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ..core.errors import UsageError
from ..loss_gradients import balanced_batches, hessian_products, loss_gradients, measuring
from ..pruner import Pruner
from ..second_order.samples import calibration_batches
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class GraSPConfig(SelectionConfig):
    """The authors' settings (alecwangcq/GraSP, commit f17d87a): 10 samples of each class, temperature 200.

    For ImageNet they took 150 batches of 128, about 19 of each class. ``batch_statistics``: batch norm uses the
    statistics of the batch while gradients are measured. Their code draws the linear layers anew for the measurement
    alone and fills its batches class by class; here neither is done.
    """

    per_class: int = 10
    temperature: float = 200.0
    batch_statistics: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per_class < 1 or not self.temperature > 0.0:
            raise UsageError(
                f"GraSPConfig needs per_class >= 1 and temperature > 0, got {self.per_class} and {self.temperature}."
            )


@METHODS.register("grasp")
class GraSP(Method):
    """Wang et al. 2020: keep the highest ``θ ⊙ H g``; the sign counts, g and H are of one balanced set of samples."""

    facts = MethodFacts(
        title="GraSP",
        family="at initialisation",
        paper="Picking Winning Tickets Before Training by Preserving Gradient Flow (arXiv 2002.07376)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = GraSPConfig

    def prepare(self, pruner: Pruner) -> None:
        """Prune once, by one ranking over all layers."""
        config: GraSPConfig = self.config
        batches = balanced_batches(calibration_batches(pruner.calibration), config.per_class, _classes(pruner))
        with measuring(pruner.model, config.batch_statistics):
            gradients = loss_gradients(pruner.model, pruner.prunable, batches, config.temperature)
            products = hessian_products(pruner.model, pruner.prunable, batches, gradients, config.temperature)
        scores = flow_scores(pruner.prunable, products)
        pruner.set_masks(config.masks(scores, pruner.target, structure=pruner.structure))


def flow_scores(weights: Mapping[str, Tensor], products: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``θ ⊙ H g``, for ``products`` H g: how much less of the gradient's square norm is left when a weight leaves.

    Removing weight q changes ``gᵀg`` by about ``-2 θ_q (H g)_q`` (Wang et al. 2020, equation 8), so the lowest leave.
    """
    return {name: weight.detach() * products[name] for name, weight in weights.items()}


def _classes(pruner: Pruner) -> int:
    """How many logits the model gives."""
    images, _ = next(calibration_batches(pruner.calibration))
    device = next(iter(pruner.prunable.values())).device
    with measuring(pruner.model, False), torch.no_grad():
        return int(pruner.model(images[:1].to(device)).shape[1])
