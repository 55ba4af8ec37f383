"""Scores of features against scikit-learn."""

import numpy as np
import pytest
from sklearn.covariance import EmpiricalCovariance
from sklearn.neighbors import NearestNeighbors

from benchmark.feature_scores import CHUNK, knn_scores, mahalanobis_scores


def clouds(n: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training features of three classes, their labels, and features to score."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, n)
    centres, spread = generator.normal(scale=3.0, size=(3, 8)), generator.normal(size=(8, 8))
    return centres[labels] + generator.normal(size=(n, 8)) @ spread, labels, generator.normal(scale=4.0, size=(50, 8))


def test_mahalanobis_is_that_of_sklearn() -> None:
    training, labels, features = clouds()
    means = np.array([training[labels == k].mean(axis=0) for k in range(3)])
    theirs = EmpiricalCovariance(assume_centered=True).fit(training - means[labels])
    distances = np.array([theirs.mahalanobis(features - mean) for mean in means])
    assert mahalanobis_scores(features, training, labels) == pytest.approx(-distances.min(axis=0), rel=1e-9)


def test_dead_features_change_nothing() -> None:
    training, labels, features = clouds()
    dead, dead_too = (np.concatenate([values, np.zeros((len(values), 3))], axis=1) for values in (training, features))
    assert mahalanobis_scores(dead_too, dead, labels) == pytest.approx(mahalanobis_scores(features, training, labels))


def test_mahalanobis_knows_no_scale_of_features_and_no_names_of_classes() -> None:
    training, labels, features = clouds()
    scaled = mahalanobis_scores(features * 7.0, training * 7.0, labels * 5 + 2)
    assert scaled == pytest.approx(mahalanobis_scores(features, training, labels), rel=1e-9)


@pytest.mark.parametrize("neighbours", [1, 50])
def test_neighbours_are_those_of_sklearn(neighbours: int) -> None:
    training, _, features = clouds()
    unit, unit_too = (values / np.linalg.norm(values, axis=1, keepdims=True) for values in (training, features))
    theirs, _ = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(unit).kneighbors(unit_too)
    assert knn_scores(features, training, neighbours) == pytest.approx(-theirs[:, -1], rel=1e-6)


def test_scores_do_not_depend_on_who_is_scored_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    training, labels, features = clouds()
    whole = mahalanobis_scores(features, training, labels), knn_scores(features, training)
    monkeypatch.setattr("benchmark.feature_scores.CHUNK", 7)
    assert len(features) < CHUNK
    pieces = mahalanobis_scores(features, training, labels), knn_scores(features, training)
    for one, other in zip(whole, pieces, strict=True):
        assert one == pytest.approx(other, rel=1e-9)


def test_the_fiftieth_of_ten_neighbours_does_not_exist() -> None:
    training, _, features = clouds(10)
    with pytest.raises(ValueError, match="50-th of 10"):
        knn_scores(features, training)
