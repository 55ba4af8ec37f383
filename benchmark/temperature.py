"""Temperature scaling: one number that divides all logits, fitted on images that are not tested on."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .logits import Logits, check_labels

COLDEST, HOTTEST = 0.01, 100.0
_STEPS = 100
_TOLERANCE = 1e-13


@dataclass(frozen=True)
class TemperatureFit:
    """The temperature with the least mean NLL on ``n`` images, and that NLL before and after, in nats.

    ``at_bound``: the NLL falls beyond the range [0.01, 100], because the images are classified without a mistake (the
    colder the better) or worse than by chance. Then there is no optimum and the number must not be used.
    """

    temperature: float
    nll_before: float
    nll_after: float
    n: int
    at_bound: bool

    @property
    def usable(self) -> float | None:
        """The temperature, or None where there is no optimum."""
        return None if self.at_bound else self.temperature


def fit_temperature(logits: Logits, labels: Int[np.ndarray, " n"]) -> TemperatureFit:
    """Fit on a split that is disjoint from the test images; the same temperature is used on every shift.

    The mean NLL is convex in 1/T, so its derivative has one root: Newton's method inside a bracket finds it to
    rounding. (The gradient descents that papers use stop early: Guo's settings end at 1.025 where the optimum is
    0.841.) Source: Guo et al. 2017 (arXiv 1706.04599). Raises :class:`~benchmark.errors.LogitsError` for bad labels.

    >>> fit = fit_temperature(Logits(np.array([[4.0, 0.0]] * 4)), np.array([0, 0, 0, 1]))
    >>> round(fit.temperature, 6)  # 4 / log 3
    3.640957
    """
    check_labels(labels, *logits.values.shape)
    gaps = logits.values.astype(np.float64)
    gaps -= gaps.max(axis=1, keepdims=True)
    true = gaps[np.arange(len(gaps)), labels]
    low, high = 1 / HOTTEST, 1 / COLDEST
    if _slope(gaps, true, low)[0] >= 0:
        inverse, at_bound = low, True
    elif _slope(gaps, true, high)[0] <= 0:
        inverse, at_bound = high, True
    else:
        inverse, at_bound = _root(gaps, true, low, high), False
    return TemperatureFit(1 / inverse, _nll(gaps, true, 1.0), _nll(gaps, true, inverse), len(gaps), at_bound)


def _root(gaps: Float[np.ndarray, "n k"], true: Float[np.ndarray, " n"], low: float, high: float) -> float:
    """Where the slope is 0, between ``low`` (slope below 0) and ``high`` (above)."""
    inverse = 1.0
    for _ in range(_STEPS):
        slope, curvature = _slope(gaps, true, inverse)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / curvature if curvature > 0 else low
        if not low < step < high:
            step = (low * high) ** 0.5
        if abs(step - inverse) <= _TOLERANCE * inverse:
            return step
        inverse = step
    return inverse


def _slope(gaps: Float[np.ndarray, "n k"], true: Float[np.ndarray, " n"], inverse: float) -> tuple[float, float]:
    """First and second derivative of the mean NLL by 1/T: mean and variance of the logits under the prediction."""
    weights = np.exp(gaps * inverse)
    weights /= weights.sum(axis=1, keepdims=True)
    mean = np.einsum("nk,nk->n", weights, gaps)
    variance = np.einsum("nk,nk->n", weights, (gaps - mean[:, None]) ** 2)
    return float(np.mean(mean - true)), float(np.mean(variance))


def _nll(gaps: Float[np.ndarray, "n k"], true: Float[np.ndarray, " n"], inverse: float) -> float:
    return float(np.mean(np.log(np.exp(gaps * inverse).sum(axis=1)) - true * inverse))
