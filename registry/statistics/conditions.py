"""Values by condition of a shifted set, ``corruption/severity``, summarised severity by severity."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Quartiles(NamedTuple):
    """Over the corruptions of one severity; ``n`` is how many."""

    low: float
    first: float
    median: float
    third: float
    high: float
    n: int


def quartiles_by_severity(values: Mapping[str, float]) -> dict[int, Quartiles]:
    """Minimum, quartiles (interpolated linearly) and maximum over corruptions for each severity, from the mildest.

    Under shift the mean hides that a few corruptions do all the harm (Ovadia et al. 2019, arXiv 1906.02530, figure 2).
    Conditions without a severity (``clean``) are left out.

    >>> quartiles_by_severity({"fog/1": 0.8, "snow/1": 0.6, "clean": 0.9})[1].median
    0.7
    """
    by_severity: dict[int, list[float]] = {}
    for condition, value in values.items():
        name, _, severity = condition.rpartition("/")
        if name and severity.isdigit():
            by_severity.setdefault(int(severity), []).append(value)
    return {severity: _quartiles(found) for severity, found in sorted(by_severity.items())}


def _quartiles(values: list[float]) -> Quartiles:
    low, first, median, third, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    return Quartiles(float(low), float(first), float(median), float(third), float(high), len(values))
