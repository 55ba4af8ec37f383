"""Multinomial logistic regression with an L2 penalty, solved to a certified distance from its minimum.

For n rows x with labels y, weights W, biases b and a penalty λ > 0::

    F(W, b) = 1/n Σ −log softmax(W x + b)_y + λ/2 ‖W‖²

**Coordinates.** Rows are centred and turned into their principal axes; the penalty does not notice, and in these axes
the Hessian is nearly diagonal whatever the scales and the rank of the features. Of fewer rows than features, only the
axes that the rows span are left: elsewhere the best weight is 0.

**Method.** Newton's, each step from conjugate gradients on the exact Hessian, preconditioned by its diagonal's mean
(Lin, Weng & Keerthi 2008, JMLR 9:627, is the binary case with a trust region), and shortened until F falls enough.
F and its gradient are in double precision. Products with the Hessian, which decide the direction and not the answer,
are in single precision until that does not do.

**Stop.** Where the gradient by b vanishes, the class probabilities of the rows are a feasible point of the dual
problem, and the duality gap is ‖∂F/∂W‖² / 2λ exactly. What is left of that gradient can lower F by ‖b − b*‖‖∂F/∂b‖ at
most, and the best biases b* are taken to be within ‖b‖ + √k of b: a nat for each of the k classes beyond what is there.
A solve ends when both together are below 1e-6 of F; one that comes to rest between that and 1e-4 says how far it came.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from .errors import NotConvergedError

GAP = 1e-6
"""The duality gap at which a solve ends, as a fraction of its objective."""

LARGEST_GAP = 1e-4
"""The gap above which it is an error that rounding, or the number of steps, ended a solve."""

_NEWTON_STEPS = 100
_PRODUCTS = 50
_ENOUGH_DESCENT = 1e-4
_SHORTEST_STEP = 2.0**-30
_ROUGH = 0.1
_FLATTEST = 1e-12


class Solution(NamedTuple):
    """``logits = x @ weight.T + bias``; ``gap`` bounds how far the objective is above its minimum (both in nats)."""

    weight: Float64[Tensor, "k d"]
    bias: Float64[Tensor, " k"]
    objective: float
    gap: float

    def logits(self, features: Float[Tensor, "n d"]) -> Float64[Tensor, "n k"]:
        """One row an image, in double precision."""
        return features.double() @ self.weight.T + self.bias


class Problem:
    """Rows and labels, in the coordinates in which every penalty is solved; one pass over them for each product.

    ``features`` may be on any device; everything is computed there.
    """

    def __init__(self, features: Float[Tensor, "n d"], labels: Int64[Tensor, " n"], classes: int) -> None:
        rows = features.double()
        self._mean = rows.mean(dim=0)
        self._axes = principal_axes(rows - self._mean)
        self._rows = (rows - self._mean) @ self._axes
        self._single: Float[Tensor, "n r"] | None = self._rows.float()
        self._spread = self._rows.square().mean(dim=0)
        self._labels = labels.to(rows.device)
        self._classes = classes

    def solve(self, penalty: float, start: Solution | None = None) -> Solution:
        """The minimiser, from zeros or from the solution of a similar problem in the same features.

        ``penalty`` must be positive: without it the minimum of separable data lies at infinity. Raises
        :class:`~benchmark.errors.NotConvergedError`.
        """
        if penalty <= 0:
            raise ValueError(f"expected a positive penalty, got {penalty}")
        point = self._point(*self._started(start), penalty)
        for _ in range(_NEWTON_STEPS):
            if point.gap(penalty) <= GAP * point.value or (moved := self._step(point, penalty)) is None:
                break
            point = moved
        gap = point.gap(penalty)
        if not gap <= LARGEST_GAP * point.value:
            raise NotConvergedError(
                f"The probe of penalty {penalty:g} on {len(self._labels)} rows is not solved: its duality gap is "
                f"{gap:.2g} of an objective of {point.value:.4g}."
            )
        weight = point.weight @ self._axes.T
        bias = point.bias - point.bias.mean() - weight @ self._mean
        return Solution(weight, bias, point.value, gap)

    def _started(self, start: Solution | None) -> tuple[Float64[Tensor, "k r"], Float64[Tensor, " k"]]:
        if start is None:
            share = torch.bincount(self._labels, minlength=self._classes).double() + 1.0
            logs = torch.log(share / share.sum())
            return self._rows.new_zeros(self._classes, self._rows.shape[1]), logs - logs.mean()
        bias = start.bias.to(self._mean) + start.weight.to(self._mean) @ self._mean
        return start.weight.to(self._axes) @ self._axes, bias - bias.mean()

    def _point(self, weight: Float64[Tensor, "k r"], bias: Float64[Tensor, " k"], penalty: float) -> "_Point":
        logits = self._rows @ weight.T + bias
        logs = torch.log_softmax(logits, dim=1)
        picked = logs.gather(1, self._labels[:, None])[:, 0]
        value = float(-picked.mean() + penalty / 2 * weight.square().sum())
        residual = logs.exp()
        residual[torch.arange(len(residual), device=residual.device), self._labels] -= 1.0
        residual /= len(residual)
        # A tall product is several times faster with the short side first.
        by_weight = residual.T @ self._rows + penalty * weight
        return _Point(weight, bias, logits, logs, value, by_weight, residual.sum(dim=0))

    def _step(self, point: "_Point", penalty: float) -> "_Point | None":
        """The next point, or None where no shorter step lowers the objective any more."""
        by_weight, by_bias = self._direction(point, penalty)
        moved = self._rows @ by_weight.T + by_bias
        slope = float((point.by_weight * by_weight).sum() + point.by_bias @ by_bias)
        length = 1.0
        while length >= _SHORTEST_STEP:
            weight, bias = point.weight + length * by_weight, point.bias + length * by_bias
            value = self._value(weight, point.logits + length * moved, penalty)
            if value <= point.value + _ENOUGH_DESCENT * length * slope:
                return self._point(weight, bias, penalty)
            length /= 2
        return None

    def _value(self, weight: Float64[Tensor, "k r"], logits: Float64[Tensor, "n k"], penalty: float) -> float:
        loss = torch.nn.functional.cross_entropy(logits, self._labels)
        return float(loss + penalty / 2 * weight.square().sum())

    def _direction(self, point: "_Point", penalty: float) -> tuple[Float64[Tensor, "k r"], Float64[Tensor, " k"]]:
        """Newton's, to a tolerance that shrinks with the gap."""
        share = point.logs.exp()
        curve = (share * (1.0 - share)).mean(dim=0).clamp(min=_FLATTEST)
        scale = torch.cat([curve[:, None] * self._spread + penalty, curve[:, None]], dim=1)
        wanted = -torch.cat([point.by_weight, point.by_bias[:, None]], dim=1)
        tolerance = min(_ROUGH, (point.gap(penalty) / point.value) ** 0.5)
        if self._single is not None:
            product = _hessian(self._single, share, penalty)
            found, reached = conjugate_gradients(product, wanted, scale, tolerance, _PRODUCTS)
            if reached:
                return found[:, :-1], found[:, -1]
            self._single = None  # too ill-conditioned for it, and penalties only become weaker
        product = _hessian(self._rows, share, penalty)
        found, _ = conjugate_gradients(product, wanted, scale, tolerance, wanted.numel())
        return found[:, :-1], found[:, -1]


class _Point(NamedTuple):
    """Where a solve stands: weights, what follows from them, and the gradient there."""

    weight: Float64[Tensor, "k r"]
    bias: Float64[Tensor, " k"]
    logits: Float64[Tensor, "n k"]
    logs: Float64[Tensor, "n k"]
    value: float
    by_weight: Float64[Tensor, "k r"]
    by_bias: Float64[Tensor, " k"]

    def gap(self, penalty: float) -> float:
        """What the module's docstring calls so; in nats."""
        bias = self.bias - self.bias.mean()
        away = bias.norm() + len(bias) ** 0.5
        return float(self.by_weight.square().sum() / (2 * penalty) + away * self.by_bias.norm())


def principal_axes(centred: Float64[Tensor, "n d"]) -> Float64[Tensor, "d r"]:
    """Orthonormal columns: the axes in which the rows do not covary, or those alone that they span if they are few."""
    n, d = centred.shape
    if n > d:
        axes: Tensor = torch.linalg.eigh(centred.T @ centred / n).eigenvectors
        return axes
    _, sizes, across = torch.linalg.svd(centred, full_matrices=False)
    spanned = sizes > sizes.max() * d * torch.finfo(torch.float64).eps
    spanning: Tensor = across[spanned].T.contiguous()
    return spanning


def _hessian(
    rows: Float[Tensor, "n r"], share: Float64[Tensor, "n k"], penalty: float
) -> Callable[[Float64[Tensor, "k c"]], Float64[Tensor, "k c"]]:
    """Products with the Hessian at the probabilities ``share``, in the precision of ``rows``."""
    probabilities = share.to(rows.dtype)

    def product(direction: Float64[Tensor, "k c"]) -> Float64[Tensor, "k c"]:
        along = direction.to(rows.dtype)
        change = rows @ along[:, :-1].T + along[:, -1]
        change = probabilities * (change - (probabilities * change).sum(dim=1, keepdim=True)) / len(rows)
        found = torch.cat([change.T @ rows, change.sum(dim=0)[:, None]], dim=1).double()
        found[:, :-1] += penalty * direction[:, :-1]
        return found

    return product


def conjugate_gradients(
    product: Callable[[Tensor], Tensor],
    wanted: Float64[Tensor, "k c"],
    scale: Float64[Tensor, "k c"],
    tolerance: float,
    most: int,
) -> tuple[Float64[Tensor, "k c"], bool]:
    """An x with ``product(x)`` about ``wanted``: the residual, measured by 1/``scale``, falls to ``tolerance``.

    The best after ``most`` products, and whether that is enough.
    """
    found, residual = torch.zeros_like(wanted), wanted
    scaled = residual / scale
    direction, size = scaled, float((residual * scaled).sum())
    enough = size * tolerance**2
    for _ in range(most):
        image = product(direction)
        curvature = float((direction * image).sum())
        if curvature <= 0:  # rounding: there is nothing left to find in this direction
            break
        length = size / curvature
        found = found + length * direction
        residual = residual - length * image
        scaled = residual / scale
        before, size = size, float((residual * scaled).sum())
        if size <= enough:
            return found, True
        direction = scaled + size / before * direction
    return found, False
