"""The smallest difference of two accuracies that a test can resolve: where there is nothing to see, and where not yet.

*Resolve* means: in ``power`` of all repetitions the interval of the difference, at its level, excludes zero.
Accuracies, differences and shares are fractions. Each is held against simulated models by its tests.
"""

from collections.abc import Callable
from functools import cache
from itertools import product
from math import hypot, sqrt
from statistics import NormalDist, fmean

from .intervals import LEVEL, student_t_quantile

POWER = 0.8
_HALVINGS = 60
_QUANTILES = 10


def unpaired_resolution(accuracy: float, n: int, power: float = POWER, level: float = LEVEL) -> float:
    """Below ``accuracy``, how far the accuracy of a model on ``n`` *other* images must be to be told apart.

    The two-sample test of shares. Source: Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions,
    equation 4.14 (without continuity correction). 1.0 where no difference can be told.

    >>> round(unpaired_resolution(0.76, 50_000), 4)
    0.0076
    """
    _check(accuracy, n)

    z_level, z_power = NormalDist().inv_cdf((1 + level) / 2), NormalDist().inv_cdf(power)

    def seen(difference: float) -> bool:
        other = max(0.0, accuracy - difference)
        both = (accuracy + other) / 2
        under_null = sqrt(2 * both * (1 - both))
        otherwise = sqrt(accuracy * (1 - accuracy) + other * (1 - other))
        return difference * sqrt(n) > z_level * under_null + z_power * otherwise

    return _smallest(seen, accuracy)


def paired_resolution(
    disagreement: float,
    n: int,
    *,
    seeds: int = 1,
    seed_std: float = 0.0,
    power: float = POWER,
    level: float = LEVEL,
) -> float:
    """The smallest difference of two models on the *same* ``n`` images, of which one alone is right on a share.

    ``disagreement`` is that share of images, and never less than the difference. With one seed: McNemar's test (Connor
    1987, Sample size for testing differences in proportions for the paired-sample design, equation 3). With several,
    each model's accuracy scatters by ``seed_std`` from seed to seed, and both sources of noise are joined as in
    :func:`.paired_interval`.
    1.0 where no difference can be told.

    >>> round(paired_resolution(0.1, 50_000), 4)
    0.004
    """
    _check(disagreement, n)
    if seeds < 1 or seed_std < 0:
        raise ValueError(f"expected at least one seed and no negative spread, got {seeds} and {seed_std}")
    between = sqrt(2 / seeds) * seed_std if seeds > 1 else 0.0
    z_level = NormalDist().inv_cdf((1 + level) / 2)
    by_seeds = _seed_halves(seeds, level) if between else (0.0,)

    def seen(difference: float) -> bool:
        differing = max(disagreement, difference)
        noise = hypot(sqrt((differing - difference**2) / n), between)
        halves = [hypot(z_level * sqrt(differing / n), half * seed_std) for half in by_seeds]
        if not noise:
            return difference > max(halves)
        return fmean(NormalDist().cdf((difference - half) / noise) for half in halves) >= power

    return _smallest(seen, 1.0)


@cache
def _seed_halves(seeds: int, level: float) -> tuple[float, ...]:
    """What :func:`.seed_half_width` will say of two models whose seeds scatter by 1, at evenly spaced quantiles.

    Few seeds often misjudge their own spread, and a test that does not know this promises too much. Quantiles of
    chi-square by Wilson and Hilferty 1931 (The distribution of chi-square).
    """
    part = 2 / (9 * (seeds - 1))
    normal = [NormalDist().inv_cdf((place + 0.5) / _QUANTILES) for place in range(_QUANTILES)]
    variances = [max(1e-9, 1 - part + z * sqrt(part)) ** 3 / seeds for z in normal]
    halves = []
    for one, other in product(variances, variances):
        degrees = (seeds - 1) * (one + other) ** 2 / (one**2 + other**2)
        halves.append(student_t_quantile((1 + level) / 2, degrees) * sqrt(one + other))
    return tuple(halves)


def _smallest(seen: Callable[[float], bool], most: float) -> float:
    """The smallest difference that is seen; 1.0 if the largest possible one is not."""
    low, high = 0.0, most
    if not seen(high):
        return 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return high


def _check(share: float, n: int) -> None:
    if not 0 <= share <= 1 or n < 1:
        raise ValueError(f"expected a share between 0 and 1 and at least one image, got {share} and {n}")
