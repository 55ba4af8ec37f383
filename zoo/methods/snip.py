"""SNIP: before training, keep the weights whose removal would change the loss most."""

from dataclasses import dataclass
from types import MappingProxyType

from ..core.errors import UsageError
from ..loss_gradients import first_batches, loss_gradients, measuring
from ..pruner import Pruner
from ..scores import sensitivity
from ..second_order.samples import calibration_batches
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class SNIPConfig(SelectionConfig):
    """One mini-batch of 128, as for CIFAR in the paper; ImageNet's 1,000 classes want more ``samples``.

    ``batch_statistics``: batch norm uses the statistics of the batch while the loss is measured; False is the authors'
    code (namhoonlee/snip-public, ``is_train=False``). That code also prunes biases and draws new weights after pruning;
    here biases stay and weights are trained on from where they were scored.
    """

    samples: int = 128
    batch_statistics: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.samples < 1:
            raise UsageError(f"SNIPConfig needs samples >= 1, got {self.samples}.")


@METHODS.register("snip")
class SNIP(Method):
    """Lee et al. 2019: score ``|∂L/∂c|`` for multipliers c = 1 of the weights, which is ``|w · ∂L/∂w|``."""

    facts = MethodFacts(
        title="SNIP",
        family="at initialisation",
        paper="SNIP: Single-shot Network Pruning based on Connection Sensitivity (arXiv 1810.02340)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = SNIPConfig
    short_runs = MappingProxyType({"batch-statistics": {"batch_statistics": True}})

    def prepare(self, pruner: Pruner) -> None:
        """Prune once, by one ranking over all layers."""
        config: SNIPConfig = self.config
        batches = first_batches(calibration_batches(pruner.calibration), config.samples)
        with measuring(pruner.model, config.batch_statistics):
            gradients = loss_gradients(pruner.model, pruner.prunable, batches)
        scores = sensitivity(pruner.prunable, gradients)
        pruner.set_masks(config.masks(scores, pruner.target, structure=pruner.structure))
