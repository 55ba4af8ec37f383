"""CroP: before training, keep the weights that matter most to the flow of gradients, whichever way they change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ..core.errors import UsageError
from ..loss_gradients import first_batches, hessian_products, loss_gradients, measuring
from ..pruner import Pruner
from ..second_order.samples import calibration_batches
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class CroPConfig(SelectionConfig):
    """Five batches of 256 and one shot.

    ``rounds``: 7 is CroPit, whose sparsities close half of the gap at each round, see :func:`closing_sparsities`.
    ``batch_statistics``: batch norm uses the statistics of the batch while gradients are measured; the authors measure
    in evaluation mode. Their code takes the test data for this; here it is the training data.
    """

    samples: int = 1280
    rounds: int = 1
    batch_statistics: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples < 1 or self.rounds < 1:
            raise UsageError(
                f"{type(self).__name__} needs samples >= 1 and rounds >= 1, got {self.samples} and {self.rounds}."
            )


@METHODS.register("crop")
class CroP(Method):
    """Rachwan et al. 2022, unstructured: score ``|θ ⊙ H g|`` (GraSP's without its sign and temperature)."""

    facts = MethodFacts(
        title="CroP",
        family="at initialisation",
        paper="Winning the Lottery Ahead of Time: Efficient Early Network Pruning (arXiv 2206.10451)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = CroPConfig
    short_runs = MappingProxyType({"rounds": {"rounds": 7, "samples": 20}})

    def prepare(self, pruner: Pruner) -> None:
        """Prune, by one ranking over all layers."""
        prune_by_flow(pruner, self.config)


def prune_by_flow(pruner: Pruner, config: CroPConfig) -> None:
    """Prune to the target now; scores are measured anew before each round."""
    batches = first_batches(calibration_batches(pruner.calibration), config.samples)
    for sparsity in closing_sparsities(pruner.target, config.rounds):
        with measuring(pruner.model, config.batch_statistics):
            gradients = loss_gradients(pruner.model, pruner.prunable, batches)
            vector = {name: gradient * pruner.masks[name] for name, gradient in gradients.items()}
            products = hessian_products(pruner.model, pruner.prunable, batches, vector)
        scores = flow_sizes(pruner.prunable, products)
        pruner.set_masks(config.masks(scores, sparsity, pruner.masks, pruner.structure))


def flow_sizes(weights: Mapping[str, Tensor], products: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``|θ ⊙ H g|``, for ``products`` H g (Rachwan et al. 2022, section 4)."""
    return {name: (weight.detach() * products[name]).abs() for name, weight in weights.items()}


def closing_sparsities(final: float, rounds: int) -> list[float]:
    """``S - (S - s₀) / 2^i`` and S itself at last, where s₀ is 0.5, or 0.25 for an S up to 0.5, or no more than S.

    >>> closing_sparsities(0.9, 4)
    [0.5, 0.7, 0.8, 0.9]
    """
    start = min(0.5 if final > 0.5 else 0.25, final)
    return [*(round(final - (final - start) * 0.5**i, 12) for i in range(rounds - 1)), final]
