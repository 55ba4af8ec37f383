"""Scores of stored predictions and pairs of them."""

import numpy as np
import pytest
from metric_inputs import ids_of, random_logits
from scipy.special import logsumexp, softmax

from benchmark.errors import LogitsError
from benchmark.logits import Logits
from benchmark.metrics import METRICS
from benchmark.ood import SCORES, Detection, detection
from benchmark.predictions import Predictions
from zoo.core.errors import UsageError


def predictions(seed: int, n: int = 80, classes: int = 5, scale: float = 1.0) -> Predictions:
    logits, labels = random_logits(n, classes, seed, scale)
    generator = np.random.default_rng(seed)
    extra = {"mahalanobis": -generator.gamma(3.0, size=n), "knn": -generator.gamma(3.0, size=n)}
    return Predictions.from_logits(ids_of(n), labels, Logits(logits), extra=extra)


def test_scores_are_those_of_the_papers() -> None:
    logits, labels = random_logits(80, 5)
    columns = Predictions.from_logits(ids_of(80), labels, Logits(logits)).samples.columns
    assert np.exp(SCORES["msp"].of(columns)) == pytest.approx(softmax(logits, axis=1).max(1), rel=1e-6)
    assert SCORES["max-logit"].of(columns) == pytest.approx(logits.max(1), rel=1e-6)
    assert SCORES["energy"].of(columns) == pytest.approx(logsumexp(logits, axis=1), rel=1e-6)


def test_a_saturated_network_still_ranks_its_images() -> None:
    """The float64 probabilities are all 1 here, and their AUROC would be 0.5."""
    inside = Predictions.from_logits(["a"], np.array([0]), Logits(np.array([[60.0, 0.0]])))
    outside = Predictions.from_logits(["b"], None, Logits(np.array([[50.0, 0.0]])))
    assert softmax(np.array([60.0, 0.0])).max() == softmax(np.array([50.0, 0.0])).max() == 1.0
    assert METRICS["auroc"].compute(detection(inside, outside, "msp")) == 1.0


@pytest.mark.parametrize("score", list(SCORES))
def test_a_set_cannot_be_told_from_itself(score: str) -> None:
    pair = detection(predictions(1), predictions(1), score)
    assert METRICS["auroc"].compute(pair) == pytest.approx(0.5)


@pytest.mark.parametrize("score", list(SCORES))
def test_swapping_the_sides_and_the_sign_swaps_the_conventions(score: str) -> None:
    pair = detection(predictions(1, scale=2.0), predictions(2, n=60), score)
    swapped = Detection(-pair.outside, -pair.inside)
    assert METRICS["auroc"].compute(swapped) == pytest.approx(METRICS["auroc"].compute(pair))
    for one, other in (("fpr95-ood-pos", "fpr95-id-pos"), ("aupr-out", "aupr-in")):
        assert METRICS[one].compute(pair) == pytest.approx(METRICS[other].compute(swapped))


def test_an_unknown_score_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="'energy'"):
        detection(predictions(1), predictions(2), "energie")


def test_both_sides_are_of_one_network() -> None:
    with pytest.raises(LogitsError, match="got 5 and 6"):
        detection(predictions(1), predictions(2, classes=6), "msp")


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(LogitsError, match="out-of-distribution"):
        Detection(np.array([1.0]), np.array([np.nan]))
