"""One number over several tasks, each of which says something else: show more than one."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def log_odds(accuracy: float, n: int | None = None) -> float:
    """log(a / (1 - a)) of an accuracy; at 0 and 1, where it does not exist, of (k + 1/2) / (n + 1) of ``n`` images.

    Source: Kornblith et al. 2019 (arXiv 1805.08974). Raises ValueError at the ends without ``n``.

    >>> round(log_odds(0.75), 6), round(log_odds(1.0, 100), 6)
    (1.098612, 5.303305)
    """
    if not 0 <= accuracy <= 1:
        raise ValueError(f"expected an accuracy between 0 and 1, got {accuracy}")
    if accuracy in (0.0, 1.0):
        if n is None:
            raise ValueError(f"an accuracy of {accuracy:g} has no log-odds without the number of images")
        accuracy = (accuracy * n + 0.5) / (n + 1)
    return math.log(accuracy / (1 - accuracy))


def mean_log_odds(accuracies: Sequence[float], n_test: Sequence[int | None] | None = None) -> float:
    """The mean over tasks of :func:`log_odds`; it may order models otherwise than their mean accuracy does."""
    sizes = n_test if n_test is not None else [None] * len(accuracies)
    odds = [log_odds(accuracy, n) for accuracy, n in zip(accuracies, sizes, strict=True)]
    return sum(odds) / len(odds)


def accuracy_of_log_odds(value: float) -> float:
    """The accuracy with these log-odds; of a mean of log-odds, a mean that weighs tasks near 0 and 1 more."""
    return 1 / (1 + math.exp(-value))


def mean_ranks(accuracies: npt.ArrayLike) -> Floats:
    """Each model's mean place over tasks, 1 = best, of accuracies of shape (models, tasks); equal ones share places.

    >>> mean_ranks([[0.9, 0.5], [0.8, 0.5]]).tolist()
    [1.25, 1.75]
    """
    values = np.asarray(accuracies, dtype=np.float64)
    above = (values[None] > values[:, None]).sum(axis=1)
    equal = (values[None] == values[:, None]).sum(axis=1)
    ranks: Floats = (above + (equal + 1) / 2).mean(axis=1)
    return ranks


def geometric_mean_error_ratio(accuracies: Sequence[float], dense: Sequence[float]) -> float:
    """The geometric mean over tasks of error / error of the dense model; below 1 is better.

    Raises ValueError where either model makes no error on a task.
    """
    ratios = []
    for accuracy, reference in zip(accuracies, dense, strict=True):
        if accuracy >= 1 or reference >= 1:
            raise ValueError("a model without an error on a task has no error ratio there")
        ratios.append(math.log((1 - accuracy) / (1 - reference)))
    return math.exp(sum(ratios) / len(ratios))
