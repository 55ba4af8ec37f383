"""How accurate ordinary models are under shift, as a line through transformed accuracies, and what exceeds it.

Taori et al. 2020 (arXiv 2007.00644): rho = acc_shifted - beta(acc), with beta a line between the logits of both
accuracies, fitted by least squares to models of ordinary training; Miller et al. 2021 (arXiv 2107.04649) take probits.
Accuracies are fractions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

from ..errors import UndefinedRobustnessError
from ..statistics import student_t_quantile

Transform = Literal["logit", "probit"]
TRANSFORMS: tuple[Transform, ...] = ("logit", "probit")
LEVEL = 0.95
FEWEST = 3
"""Two models are always on a line: only a third one says how far from it models are."""


class Expected(NamedTuple):
    """The shifted accuracy that the line expects; ``low`` and ``high`` hold the line, ``least`` and ``most`` a model.

    Both at the level 95 %: the first pair is what the line itself does not know, the second adds how much ordinary
    models scatter about it.
    """

    value: float
    low: float
    high: float
    least: float
    most: float


class EffectiveRobustness(NamedTuple):
    """``value`` = accuracy under shift less what the line expects, a fraction, with the line's own 95 % uncertainty.

    ``beyond_scatter``: further from the line than 95 % of ordinary models are. ``extrapolated``: the model is less or
    more accurate than all models that the line was fitted to. ``clipped``: an accuracy of 0 or 1 was moved by half an
    image, for it has no logit.
    """

    value: float
    low: float
    high: float
    expected: float
    beyond_scatter: bool
    extrapolated: bool
    clipped: bool


@dataclass(frozen=True)
class Line:
    """A least-squares line; ``scatter`` is the residual standard deviation in units of the transform (n - 2).

    ``centre`` and ``squares`` are the mean and the sum of squared deviations of the transformed accuracies; ``lowest``
    and ``highest`` the ends of the fitted accuracies.
    """

    transform: Transform
    slope: float
    intercept: float
    n: int
    scatter: float
    centre: float
    squares: float
    lowest: float
    highest: float

    def expected(self, accuracy: float) -> Expected:
        """What the line expects of a model with this accuracy without shift, strictly between 0 and 1."""
        x = transformed(accuracy, self.transform)
        middle = self.intercept + self.slope * x
        leverage = 1 / self.n + (x - self.centre) ** 2 / self.squares
        t = student_t_quantile((1 + LEVEL) / 2, self.n - 2) * self.scatter
        line, model = t * math.sqrt(leverage), t * math.sqrt(1 + leverage)
        steps = (0.0, -line, line, -model, model)
        return Expected(*(restored(middle + step, self.transform) for step in steps))


def fit_line(points: Sequence[tuple[float, float]], transform: Transform) -> Line:
    """The line through (accuracy, accuracy under shift) of ordinary models.

    Raises :class:`UndefinedRobustnessError` below three models, for models that are all equally accurate, and for an
    accuracy of 0 or 1: such a model has to be left out by name, for it would bend the line without limit.
    """
    if len(points) < FEWEST:
        raise UndefinedRobustnessError(
            f"a line needs at least {FEWEST} models of ordinary training, there are {len(points)}"
        )
    x, y = ([transformed(value, transform) for value in side] for side in zip(*points, strict=True))
    n, centre, height = len(points), math.fsum(x) / len(x), math.fsum(y) / len(y)
    squares = math.fsum((value - centre) ** 2 for value in x)
    if squares <= 0:
        raise UndefinedRobustnessError("all models are equally accurate: there is no line through one point")
    slope = math.fsum((a - centre) * (b - height) for a, b in zip(x, y, strict=True)) / squares
    intercept = height - slope * centre
    residuals = math.fsum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    lowest, highest = min(a for a, _ in points), max(a for a, _ in points)
    return Line(transform, slope, intercept, n, math.sqrt(residuals / (n - 2)), centre, squares, lowest, highest)


def effective_robustness(
    accuracy: float, shifted: float, line: Line, *, n: int | None = None, n_shifted: int | None = None
) -> EffectiveRobustness:
    """What ``shifted`` exceeds the line by; with the numbers of images, an accuracy of 0 or 1 moves by half an image.

    Raises :class:`UndefinedRobustnessError` for an accuracy of 0 or 1 of unknown many images.
    """
    x, moved = _inside(accuracy, n)
    y, moved_too = _inside(shifted, n_shifted)
    expected = line.expected(x)
    return EffectiveRobustness(
        value=y - expected.value,
        low=y - expected.high,
        high=y - expected.low,
        expected=expected.value,
        beyond_scatter=not expected.least <= y <= expected.most,
        extrapolated=not line.lowest <= x <= line.highest,
        clipped=moved or moved_too,
    )


def transformed(accuracy: float, transform: Transform) -> float:
    """The logit or probit of an accuracy; raises :class:`UndefinedRobustnessError` at 0 and 1."""
    if not 0 < accuracy < 1:
        raise UndefinedRobustnessError(f"an accuracy of {accuracy:g} has no {transform}")
    return math.log(accuracy / (1 - accuracy)) if transform == "logit" else NormalDist().inv_cdf(accuracy)


def restored(value: float, transform: Transform) -> float:
    """The accuracy of a logit or probit."""
    if transform == "probit":
        return NormalDist().cdf(value)
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def _inside(accuracy: float, n: int | None) -> tuple[float, bool]:
    if not 0 <= accuracy <= 1:
        raise UndefinedRobustnessError(f"{accuracy:g} is no accuracy")
    if 0 < accuracy < 1 or n is None:
        return accuracy, False
    return (1 / (2 * n) if accuracy == 0 else 1 - 1 / (2 * n)), True
