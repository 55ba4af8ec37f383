"""Multinomial logistic regression on fixed features, solved to convergence.

The objective of a head with weights W and biases b, for n rows x with labels y and a penalty λ::

    F(W, b) = 1/n Σ −log softmax(W x + b)_y + λ/2 ‖W‖²

It is strictly convex in W, so a probe has no learning rate, no epochs and no seed: two people who solve it get the same
numbers. scikit-learn's ``LogisticRegression(C=1/(n λ))`` is the same problem (Kornblith et al. 2019, arXiv 1805.08974,
appendix A.4, choose λ on a validation set as well).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float64, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from .errors import NotConvergedError

_MAX_STEPS = 2000
_GRADIENT_TOLERANCE = 1e-6
_GRADIENT_LIMIT = 1e-4
_RELATIVE_SPREAD = 1e-6  # of float32 features: what is smaller is rounding, not variation


class Standardiser(NamedTuple):
    """Moves each feature to mean 0 and standard deviation 1 of the training rows.

    The penalty then means the same for every checkpoint: a network pruned to 98 % has features many times smaller than
    its dense parent's, and would be penalised for that alone.
    """

    mean: Float64[Tensor, " d"]
    scale: Float64[Tensor, " d"]

    def apply(self, features: Float64[Tensor, "n d"]) -> Float64[Tensor, "n d"]:
        return (features - self.mean) / self.scale


class LinearHead(NamedTuple):
    """``logits = x @ weight.T + bias``."""

    weight: Float64[Tensor, "k d"]
    bias: Float64[Tensor, " k"]

    def logits(self, features: Float64[Tensor, "n d"]) -> Float64[Tensor, "n k"]:
        return features @ self.weight.T + self.bias


def standardiser(features: Float64[Tensor, "n d"]) -> Standardiser:
    """Fit on training rows; a feature that never varies but by rounding (a dead channel) is only centred.

    Scaled up, rounding errors would be a feature like any other, and another batch size another probe.
    """
    mean, scale = features.mean(dim=0), features.std(dim=0, correction=0)
    return Standardiser(mean, torch.where(scale > _RELATIVE_SPREAD * mean.abs(), scale, torch.ones_like(scale)))


def objective(
    head: LinearHead, features: Float64[Tensor, "n d"], labels: Int64[Tensor, " n"], penalty: float
) -> Float64[Tensor, ""]:
    """F(W, b) of the module's docstring, in nats."""
    return cross_entropy(head.logits(features), labels) + penalty / 2 * head.weight.square().sum()


def fit(
    features: Float64[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    classes: int,
    penalty: float,
    start: LinearHead | None = None,
) -> LinearHead:
    """The minimiser of :func:`objective`, by L-BFGS in double precision from ``start`` (zeros by default).

    Stops when no component of the gradient exceeds 1e-6; raises :class:`NotConvergedError` where one exceeds 1e-4 at
    the end. ``penalty`` must be positive: without it the minimum of separable data lies at infinity.
    """
    if penalty <= 0:
        raise ValueError(f"expected a positive penalty, got {penalty}")
    if start is None:
        start = LinearHead(features.new_zeros(classes, features.shape[1]), features.new_zeros(classes))
    head = LinearHead(*(tensor.clone().requires_grad_() for tensor in start))
    solver = torch.optim.LBFGS(
        list(head),
        max_iter=_MAX_STEPS,
        tolerance_grad=_GRADIENT_TOLERANCE,
        tolerance_change=0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        solver.zero_grad()
        loss = objective(head, features, labels, penalty)
        torch.autograd.backward(loss)
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    closure()
    largest = max(float(tensor.grad.abs().max()) for tensor in head if tensor.grad is not None)
    if not largest <= _GRADIENT_LIMIT:
        raise NotConvergedError(
            f"The probe of penalty {penalty:g} on {len(labels)} rows is not solved: a gradient of {largest:.2g}."
        )
    return LinearHead(*(tensor.detach() for tensor in head))


def path(
    features: Float64[Tensor, "n d"], labels: Int64[Tensor, " n"], classes: int, penalties: Sequence[float]
) -> list[LinearHead]:
    """One head per penalty, in the order given; each solve starts from the one before, so go from strong to weak."""
    heads: list[LinearHead] = []
    for penalty in penalties:
        heads.append(fit(features, labels, classes, penalty, heads[-1] if heads else None))
    return heads
