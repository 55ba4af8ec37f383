"""Laplace signal-to-noise pruning: weights leave that a posterior cannot tell from zero."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from ..core.errors import UsageError
from ..masks import count_for
from ..posterior.diagonal_laplace import fisher_diagonal, posterior_deviation
from ..posterior.signal_to_noise import signal_to_noise
from ..pruner import Pruner
from ..schedules import CubicConfig
from ..second_order.gradients import gradient_stream
from ..second_order.samples import calibration_batches
from ..selection import SelectionConfig
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts


@dataclass(frozen=True)
class LaplaceSNRConfig(CubicConfig):
    """How the posterior is made.

    ``prior_precision``: δ of the prior N(0, 1/δ) on every weight. The larger, the closer to plain magnitude, and δ = 1
    is as good as that where N·F_ii is around 1e-5; chosen on validation data of digits among 1, 0.1, ... 1e-5.
    ``samples``: the most samples that curvature is measured on; None takes a whole pass over the calibration data.
    ``dataset_size``: N; None takes the number of samples in a whole pass, so ``samples`` must then be None too.
    ``vectorised``: False for models whose layers ``torch.func.vmap`` refuses.
    """

    prior_precision: float = 1e-3
    samples: int | None = None
    dataset_size: int | None = None
    vectorised: bool = True

    def __post_init__(self) -> None:
        if not self.prior_precision > 0 or (self.samples is not None and self.samples < 1):
            raise UsageError(
                f"prior_precision must be above 0, samples at least 1; got {self.prior_precision} and {self.samples}."
            )
        if self.samples is not None and self.dataset_size is None:
            raise UsageError(
                f"With {self.samples} samples the size of the training set is not seen.", "Give dataset_size as well."
            )


@dataclass
class _Counted:
    """Samples that went by."""

    samples: int = 0


@METHODS.register("laplace-snr")
class LaplaceSNR(Method):
    """Score |w|/σ under the diagonal Laplace posterior of the current network, in one ranking over all layers."""

    facts = MethodFacts(
        title="Laplace SNR",
        family="bayesian",
        paper="Laplace Redux: Effortless Bayesian Deep Learning (arXiv 2106.14806); "
        "pruned by |μ|/σ as in Weight Uncertainty in Neural Networks (arXiv 1505.05424)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        patterns=EVERY_PATTERN,
    )
    config_type = LaplaceSNRConfig

    def after_step(self, pruner: Pruner) -> None:
        """Remove the weights with the lowest ratio of those that are left."""
        config: LaplaceSNRConfig = self.config
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if not schedule.is_update(pruner.step):
            return
        wanted = count_for(schedule.target(pruner.step), pruner.numel)
        if wanted < sum(int(mask.sum()) for mask in pruner.masks.values()):
            deviations = posterior_deviations(pruner, config)
            ratios = {
                name: signal_to_noise(weight.detach().double(), deviations[name])
                for name, weight in pruner.prunable.items()
            }
            sparsity = schedule.target(pruner.step)
            pruner.set_masks(SelectionConfig().masks(ratios, sparsity, pruner.masks, pruner.structure))


def posterior_deviations(pruner: Pruner, config: LaplaceSNRConfig) -> dict[str, Tensor]:
    """σ per weight in float64, by one pass over the calibration data in evaluation mode."""
    seen = _Counted()

    def stream() -> Iterator[dict[str, Tensor]]:
        for images, labels in calibration_batches(pruner.calibration):
            left = len(images) if config.samples is None else config.samples - seen.samples
            seen.samples += len(images[:left])
            yield from gradient_stream(
                pruner.model, pruner.prunable, images[:left], labels[:left], vectorised=config.vectorised
            )
            if seen.samples == config.samples:
                return

    diagonal = fisher_diagonal(stream())
    size = seen.samples if config.dataset_size is None else config.dataset_size
    return {name: posterior_deviation(values, size, config.prior_precision) for name, values in diagonal.items()}
