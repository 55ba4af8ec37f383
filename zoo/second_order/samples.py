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


def regrouped(
    batches: Batches, *, count: int, group: int, skip: int, at_once: Callable[[Tensor], int]
) -> Iterator[tuple[Float[Tensor, "samples ..."], Int[Tensor, " samples"]]]:
    """Whole groups of ``group`` samples, several together: the first ``count`` groups, or those that a pass has.

    Args:
        batches: Images and labels, in batches of any sizes.
        count: The most groups.
        group: Samples in one.
        skip: Groups at the beginning that are read and not given.
        at_once: From a batch of images the groups that are given together; it is asked once.

    Raises :class:`CalibrationError` when the pass has no whole group at all.
    """
    images, labels, seen, together = [], [], 0, 0
    left = skip * group
    for x, y in batches:
        together = together or at_once(x) * group
        room = count * group - seen
        x, y = x[:room], y[:room]
        seen += len(x)
        dropped = min(left, len(x))
        left -= dropped
        images.append(x[dropped:])
        labels.append(y[dropped:])
        while sum(map(len, images)) >= together:
            whole_x, whole_y = torch.cat(images), torch.cat(labels)
            yield whole_x[:together], whole_y[:together]
            images, labels = [whole_x[together:]], [whole_y[together:]]
        if seen == count * group:
            break
    if seen < group:
        raise CalibrationError(
            f"The calibration data have {seen} samples, and a gradient takes {group}.",
            "Give more data, or set samples_per_gradient lower.",
        )
    rest = sum(map(len, images)) // group * group
    if rest:
        yield torch.cat(images)[:rest], torch.cat(labels)[:rest]
