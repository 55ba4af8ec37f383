"""Several seeds on the same test images: two sources of noise, one interval.

The images that were drawn for the test set are noise of the *images*, the runs' random choices are noise of the
*seeds*. A bootstrap that resamples images and then a handful of seeds is too narrow: among three seeds, draws with
replacement show two thirds of their variance, and no resample has a seed that nobody ran (tests/registry/statistics
counts how often each interval holds the truth). So images are resampled, seeds get Student's t, and the two intervals
are joined end by end.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import fmean

import numpy as np
import numpy.typing as npt

from .bootstrap import Floats
from .intervals import LEVEL, Interval, student_t_quantile
from .paired import paired_bootstrap_difference


def joined_interval(value: float, interval: Interval, half: float) -> Interval:
    """The interval of ``value`` under noise that ``interval`` shows and independent noise of half width ``half``.

    Distances from the value add in squares, each end by itself, so that a skewed interval stays skewed.
    Source: Zou and Donner 2008, Construction of confidence limits about effect measures (the MOVER).

    >>> joined_interval(0.5, Interval(0.47, 0.54), 0.0)
    Interval(low=0.47, high=0.54)
    >>> [round(end, 2) for end in joined_interval(0.5, Interval(0.47, 0.53), 0.04)]
    [0.45, 0.55]
    """
    below, above = value - interval.low, interval.high - value
    return Interval(value - sqrt(below**2 + half**2), value + sqrt(above**2 + half**2))


def seed_half_width(*groups: Sequence[float], level: float = LEVEL) -> float:
    """Half the interval, over seeds alone, of a mean over runs, or of the difference of two such means.

    Each group holds one value a seed. A group of one seed has no spread to show and adds nothing. The degrees of
    freedom are Welch's: those of the group itself where there is one, fewer than the sum where one group is noisier.
    Source: Welch 1947, The generalization of 'Student's' problem; Satterthwaite 1946.

    >>> round(seed_half_width([0.80, 0.81, 0.82]), 4), seed_half_width([0.8])
    (0.0248, 0.0)
    """
    spread = [(_variance(values) / len(values), len(values) - 1) for values in groups if len(values) > 1]
    total = sum(part for part, _ in spread)
    if not total:
        return 0.0
    degrees = total**2 / sum(part**2 / own for part, own in spread)
    return student_t_quantile((1 + level) / 2, degrees) * sqrt(total)


def _variance(values: Sequence[float]) -> float:
    """Of a sample. `statistics.variance` works with fractions, a hundred times slower, and a page has thousands."""
    mean = fmean(values)
    return fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def interval_over_seeds(values: Sequence[float], intervals: Sequence[Interval], level: float = LEVEL) -> Interval:
    """The interval of the mean over seeds, from each seed's value and its interval over the test images.

    All seeds saw the same images, whose noise therefore does not average away: that part is the mean of the seeds' own
    distances, which is exact when seeds err on the same images and too wide rather than too narrow when they do not.
    """
    if not values or len(values) != len(intervals):
        raise ValueError(f"expected an interval a seed, got {len(intervals)} for {len(values)} seeds")
    value = fmean(values)
    below = fmean(one - interval.low for one, interval in zip(values, intervals, strict=True))
    above = fmean(interval.high - one for one, interval in zip(values, intervals, strict=True))
    return joined_interval(value, Interval(value - below, value + above), seed_half_width(values, level=level))


def paired_interval(
    first: Sequence[float],
    second: Sequence[float],
    first_replicates: npt.ArrayLike,
    second_replicates: npt.ArrayLike,
    level: float = LEVEL,
) -> Interval:
    """The interval of mean(first) - mean(second), each with one value a seed, on the same test images.

    Replicates have the shape (seeds, replicates); column r of both was drawn as the same images, so images that both
    models find hard cancel. With one seed each this is the paired basic bootstrap.
    """
    one, other = _means(first, first_replicates), _means(second, second_replicates)
    images = paired_bootstrap_difference(fmean(first), fmean(second), one, other, level)
    return joined_interval(fmean(first) - fmean(second), images, seed_half_width(first, second, level=level))


def _means(values: Sequence[float], replicates: npt.ArrayLike) -> Floats:
    drawn = np.asarray(replicates, dtype=np.float64)
    if drawn.ndim != 2 or len(drawn) != len(values):
        raise ValueError(f"expected replicates of shape ({len(values)}, replicates), got {drawn.shape}")
    means: Floats = drawn.mean(axis=0)
    return means
