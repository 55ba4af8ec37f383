"""Linear probes: features made comparable, and a path of penalties through :mod:`benchmark.logistic`.

The problem is strictly convex, so a probe has no learning rate, no epochs and no seed: two people who solve it get the
same numbers. scikit-learn's ``LogisticRegression(C=1/(n λ))`` is the same problem.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor
from torch.nn.functional import cross_entropy

from .logistic import Problem, Solution

_RELATIVE_SPREAD = 1e-6  # of float32 features: what is smaller is rounding, not variation


class Standardiser(NamedTuple):
    """Moves each feature to mean 0 and standard deviation 1 of the training rows.

    The penalty then means the same for every checkpoint: a network pruned to 98 % has features many times smaller than
    its dense parent's, and would be penalised for that alone.
    """

    mean: Float64[Tensor, " d"]
    scale: Float64[Tensor, " d"]

    def apply(self, features: Float[Tensor, "n d"]) -> Float64[Tensor, "n d"]:
        """In double precision; new rows are moved by the numbers of the training rows."""
        return (features - self.mean) / self.scale


def standardiser(features: Float[Tensor, "n d"]) -> Standardiser:
    """Fit on training rows; a feature that never varies but by rounding (a dead channel) is only centred.

    Scaled up, rounding errors would be a feature like any other, and another batch size another probe.
    """
    rows = features.double()
    mean, scale = rows.mean(dim=0), rows.std(dim=0, correction=0)
    return Standardiser(mean, torch.where(scale > _RELATIVE_SPREAD * mean.abs(), scale, torch.ones_like(scale)))


def objective(
    head: Solution, features: Float[Tensor, "n d"], labels: Int64[Tensor, " n"], penalty: float
) -> Float64[Tensor, ""]:
    """Mean cross-entropy plus ``penalty`` / 2 times the squared weights, in nats."""
    return cross_entropy(head.logits(features), labels) + penalty / 2 * head.weight.square().sum()


def fit(
    features: Float[Tensor, "n d"],
    labels: Int64[Tensor, " n"],
    classes: int,
    penalty: float,
    start: Solution | None = None,
) -> Solution:
    """The minimiser of :func:`objective` for one penalty, from ``start`` (zeros by default)."""
    return Problem(features, labels, classes).solve(penalty, start)


def path(
    features: Float[Tensor, "n d"], labels: Int64[Tensor, " n"], classes: int, penalties: Sequence[float]
) -> Iterator[Solution]:
    """One head per penalty, in the order given; each solve starts from the one before, so go from strong to weak."""
    problem, head = Problem(features, labels, classes), None
    for penalty in penalties:
        head = problem.solve(penalty, head)
        yield head
