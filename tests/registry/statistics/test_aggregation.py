"""Means over tasks against scipy, and where they do not exist."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import gmean, rankdata

from registry.statistics import (
    accuracy_of_log_odds,
    geometric_mean_error_ratio,
    log_odds,
    mean_log_odds,
    mean_ranks,
)

ACCURACIES = np.random.default_rng(0).uniform(0.4, 0.99, (5, 12)).round(2)


def test_they_are_those_of_scipy() -> None:
    for row in ACCURACIES:
        assert mean_log_odds(list(row)) == pytest.approx(logit(row).mean(), rel=1e-12)
        assert accuracy_of_log_odds(mean_log_odds(list(row))) == pytest.approx(expit(logit(row).mean()), rel=1e-12)
        ratio = geometric_mean_error_ratio(list(row), list(ACCURACIES[0]))
        assert ratio == pytest.approx(gmean((1 - row) / (1 - ACCURACIES[0])), rel=1e-12)
    assert mean_ranks(ACCURACIES) == pytest.approx(rankdata(-ACCURACIES, axis=0).mean(axis=1))


def test_an_accuracy_of_one_is_moved_by_half_an_image_and_no_other_is() -> None:
    assert log_odds(1.0, 100) == pytest.approx(np.log(100.5 / 0.5))
    assert log_odds(0.0, 100) == pytest.approx(-log_odds(1.0, 100))
    assert log_odds(0.9, 100) == log_odds(0.9)


def test_without_the_number_of_images_it_has_no_log_odds() -> None:
    with pytest.raises(ValueError, match="an accuracy of 1 has no log-odds without the number"):
        mean_log_odds([0.5, 1.0])
    with pytest.raises(ValueError, match=r"between 0 and 1, got 76\.1"):
        log_odds(76.1)


def test_a_perfect_model_has_no_error_ratio() -> None:
    for accuracies in (([1.0], [0.5]), ([0.5], [1.0])):
        with pytest.raises(ValueError, match="no error ratio"):
            geometric_mean_error_ratio(*accuracies)


def test_log_odds_and_mean_accuracy_may_order_models_otherwise() -> None:
    dense, pruned = [0.912, 0.655, 0.781, 0.803], [0.934, 0.601, 0.792, 0.811]
    assert np.mean(dense) > np.mean(pruned)
    assert mean_log_odds(dense) < mean_log_odds(pruned)
