"""The samples that curvature is measured on."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..errors import CalibrationError

Batches = Iterator[tuple[Tensor, Tensor]]


def calibration_batches(calibration: Callable[[], Batches] | None) -> Batches:
    """A fresh pass over (images, labels); raises :class:`CalibrationError` when a run has no calibration data."""
    return calibration_source(calibration)()


def calibration_source(calibration: Callable[[], Batches] | None) -> Callable[[], Batches]:
    """What makes fresh passes; raises :class:`CalibrationError` when a run has no calibration data."""
    if calibration is None:
        raise CalibrationError(
            "This method looks at training data before it prunes and was given no calibration data.",
            "Pass calibration=..., a function that returns an iterator of (images, labels).",
        )
    return calibration


def first_samples(batches: Batches, count: int) -> tuple[Float[Tensor, "samples ..."], Int[Tensor, " samples"]]:
    """The first ``count`` samples of ``batches``, or all of them when the pass is shorter.

    Raises :class:`CalibrationError` when there is none.
    """
    images, labels, have = [], [], 0
    for x, y in batches:
        images.append(x[: count - have])
        labels.append(y[: count - have])
        have += len(images[-1])
        if have >= count:
            break
    if not have:
        raise CalibrationError("The calibration data are empty: no sample to measure the curvature on.")
    return torch.cat(images), torch.cat(labels)
