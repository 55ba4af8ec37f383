"""Out-of-distribution detection: scores of how much an image looks like the training data, and pairs of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from zoo.core.plugins import Plugins

from .columns import Columns
from .errors import LogitsError
from .predictions import Predictions


@dataclass(frozen=True)
class Score:
    """A score of stored predictions; higher always means more like the training data.

    ``needs`` are the columns that it reads; where one is not kept, there is no score.
    """

    name: str
    title: str
    definition: str
    source: str
    needs: tuple[str, ...]
    of: Callable[[Columns], Float[np.ndarray, " n"]]


SCORES: Plugins[Score] = Plugins("score")


def _log_max_probability(columns: Columns) -> Float[np.ndarray, " n"]:
    # The logarithm ranks as the probability does, without the ties at 1 that make half of a saturated network's images
    # indistinguishable.
    return -columns.log_normaliser.astype(np.float64)


def _max_logit(columns: Columns) -> Float[np.ndarray, " n"]:
    return columns.max_logit.astype(np.float64)


def _negative_energy(columns: Columns) -> Float[np.ndarray, " n"]:
    return columns.max_logit.astype(np.float64) + columns.log_normaliser.astype(np.float64)


def _feature_score(name: str) -> Callable[[Columns], Float[np.ndarray, " n"]]:
    def of(columns: Columns) -> Float[np.ndarray, " n"]:
        score: Float[np.ndarray, " n"] = columns.present()[name].astype(np.float64)
        return score

    return of


SCORES.register("msp")(
    Score(
        "msp",
        "Maximum softmax probability",
        "log of the largest probability, which ranks images as the probability does",
        "Hendrycks and Gimpel 2017 (arXiv 1610.02136)",
        ("log_normaliser",),
        _log_max_probability,
    )
)
SCORES.register("max-logit")(
    Score(
        "max-logit",
        "Maximum logit",
        "the largest logit",
        "Hendrycks et al. 2022, Scaling Out-of-Distribution Detection for Real-World Settings (arXiv 1911.11132)",
        ("max_logit",),
        _max_logit,
    )
)
SCORES.register("energy")(
    Score(
        "energy",
        "Energy",
        "log-sum-exp of the logits, at temperature 1: minus the free energy",
        "Liu et al. 2020, Energy-based Out-of-distribution Detection (arXiv 2010.03759)",
        ("max_logit", "log_normaliser"),
        _negative_energy,
    )
)


SCORES.register("mahalanobis")(
    Score(
        "mahalanobis",
        "Mahalanobis distance",
        "minus the squared Mahalanobis distance of the classifier's input to the nearest class mean, with one "
        "covariance for all classes, both of training images",
        "Lee et al. 2018, A Simple Unified Framework (arXiv 1807.03888), its last layer without noise on the input",
        ("mahalanobis",),
        _feature_score("mahalanobis"),
    )
)
SCORES.register("knn")(
    Score(
        "knn",
        "Nearest neighbours",
        "minus the Euclidean distance of the classifier's input, scaled to length one, to its 50th nearest among "
        "training images",
        "Sun et al. 2022, OOD Detection with Deep Nearest Neighbors (arXiv 2204.06507); 50 as in OpenOOD",
        ("knn",),
        _feature_score("knn"),
    )
)


@dataclass(frozen=True, eq=False)
class Detection:
    """Scores of in-distribution and of out-of-distribution images, higher = more in-distribution.

    ``outside_name`` tells sets beside the same known images apart: each is resampled in its own way.
    Raises :class:`~benchmark.errors.LogitsError` for an empty side, NaN or infinities.
    """

    inside: Float[np.ndarray, " i"]
    outside: Float[np.ndarray, " o"]
    outside_name: str = "outside"

    def __post_init__(self) -> None:
        for side, scores in (("in-distribution", self.inside), ("out-of-distribution", self.outside)):
            if scores.size == 0 or not np.isfinite(scores).all():
                raise LogitsError(f"Expected finite scores of at least one {side} image, got {scores.size} of them.")


def missing_score(inside: Predictions, outside: Predictions, score: str) -> str | None:
    """Why these predictions have no score of that name, or None."""
    needs = SCORES[score].needs
    return inside.lacks(needs) or outside.lacks(needs)


def detection(inside: Predictions, outside: Predictions, score: str) -> Detection:
    """The pair of ``inside`` and ``outside`` by the score of that name; an unknown one suggests the nearest.

    Predictions of one network on both sides, over the same classes; labels are not looked at.
    """
    if inside.samples.classes != outside.samples.classes:
        raise LogitsError(
            f"Expected both sides to be scored over the same classes, got {inside.samples.classes} and "
            f"{outside.samples.classes}."
        )
    entry = SCORES[score]
    return Detection(entry.of(inside.samples.columns), entry.of(outside.samples.columns), outside.condition)
