"""What a method that learns a distribution over weights leaves beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ..pruner import Pruner
from ..second_order.samples import calibration_batches


@dataclass(frozen=True)
class Posterior:
    """Independent Gaussians around the weights of a model, which are their means.

    ``kind``: the family, such as "mean-field". ``deviations``: σ > 0 per prunable tensor, in the unit and shape of the
    weights; what stands at pruned positions does not matter. ``samples``: N, the images that it was learned from.
    """

    kind: str
    samples: int
    deviations: Mapping[str, Tensor]


def training_samples(pruner: Pruner, given: int | None = None) -> int:
    """N: what the configuration says, else the images of an epoch, else those of a pass over the calibration data.

    Raises :class:`~zoo.errors.CalibrationError` where none of the three is known.
    """
    if given is not None:
        return given
    if pruner.samples is not None:
        return pruner.samples
    return sum(len(labels) for _, labels in calibration_batches(pruner.calibration))
