"""The learning rate in time. Pure arithmetic; time is counted in epochs, with fractions."""

from collections.abc import Sequence
from math import cos, pi


def warm_up(rate: float, epoch: float, epochs: float) -> float:
    """A straight line from nothing to ``rate`` over the first ``epochs``.

    >>> warm_up(0.4, 1.0, 4.0)
    0.1
    """
    return rate * epoch / epochs


def cosine(rate: float, final: float, fraction: float) -> float:
    """Half a cosine from ``rate`` to ``final`` as ``fraction`` goes from 0 to 1 (Loshchilov & Hutter, 1608.03983).

    >>> cosine(0.2, 0.0, 0.5)
    0.1
    """
    return final + (rate - final) * 0.5 * (1.0 + cos(pi * fraction))


def linear(rate: float, final: float, fraction: float) -> float:
    """A straight line from ``rate`` to ``final``.

    >>> linear(0.5, 0.25, 0.5)
    0.375
    """
    return rate + (final - rate) * fraction


def steps(rate: float, factor: float, milestones: Sequence[float], epoch: float) -> float:
    """``rate`` times ``factor`` for each of the ``milestones`` (epochs) that is over.

    >>> steps(1.0, 0.5, (30, 60), 30.0)
    0.5
    """
    return rate * factor ** sum(epoch >= milestone for milestone in milestones)
